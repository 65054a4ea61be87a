package durable

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/cockroachdb/pebble/v2"
)

// schema is a version of the layout and how to get there from the versions before it.
type schema struct {
	version int
	// steps holds under each earlier version that can still be read what has to change to make it the next one. A step
	// reads what is there and writes into the batch, which is committed, synced, together with the new version: a crash
	// in between leaves the old one.
	steps map[int]func(old pebble.Reader, b *pebble.Batch) error
}

// current is the layout of this program. Who changes the layout raises the version and adds a step.
var current = schema{version: 1}

// readVersion reads the version of the layout in a database; 0 where nothing has been written yet.
func readVersion(r pebble.Reader) (int, error) {
	v, closer, err := r.Get(schemaKey)
	if errors.Is(err, pebble.ErrNotFound) {
		it, err := r.NewIter(nil)
		if err != nil {
			return 0, err
		}
		written := it.First()
		if err := errors.Join(it.Error(), it.Close()); err != nil {
			return 0, err
		}
		if written {
			return 0, fmt.Errorf("no version of the layout: %w", errLayout)
		}
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	text := string(v)
	if err := closer.Close(); err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("version %q of the layout: %w", text, errLayout)
	}
	return n, nil
}

// migrate writes into b what brings version from up to the schema's, and the new version.
func (s schema) migrate(db *pebble.DB, from int) error {
	for v := from; v != 0 && v < s.version; v++ {
		step := s.steps[v]
		if step == nil {
			return fmt.Errorf("the directory has version %d of the layout, from which this program knows no way to %d", from, s.version)
		}
		if err := s.commit(db, v+1, step); err != nil {
			return fmt.Errorf("bringing the directory from version %d of the layout to %d: %w", v, v+1, err)
		}
	}
	if from == 0 {
		return s.commit(db, s.version, nil)
	}
	return nil
}

func (s schema) commit(db *pebble.DB, version int, step func(pebble.Reader, *pebble.Batch) error) error {
	b := db.NewBatch()
	defer func() { _ = b.Close() }()
	if step != nil {
		if err := step(db, b); err != nil {
			return err
		}
	}
	if err := b.Set(schemaKey, strconv.AppendInt(nil, int64(version), 10), nil); err != nil {
		return err
	}
	return b.Commit(pebble.Sync)
}
