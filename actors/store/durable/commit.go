package durable

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/batchrepr"
)

// commit writes a batch. When the database breaks meanwhile, the batch may or may not have reached the disk; it is
// refused, and undo is a batch that makes things what they were before. Where even that cannot be found out, undo is the
// batch itself: a change that was refused and is made costs less than one that is made with half of those before it.
func (d *directory) commit(b *pebble.Batch) (undo []byte, err error) {
	before := d.engine.db.NewSnapshot()
	defer func() { err = errors.Join(err, before.Close()) }()
	how, repr := pebble.Sync, b.Repr() // Pebble forgets that of a large batch
	if d.o.Sync > 0 {
		how = pebble.NoSync
	}
	if err = d.engine.db.Apply(b, how); err == nil && d.engine.fs.cause() == nil {
		if how == pebble.NoSync {
			if len(d.unsynced) == 0 {
				d.since = time.Now()
			}
			d.unsynced = append(d.unsynced, bytes.Clone(repr))
			d.waiting += len(repr)
		}
		return nil, nil
	}
	if cause := d.engine.fs.cause(); cause != nil {
		err = trouble(cause)
	}
	undo, failed := reverse(d.engine.db, before, repr)
	if failed != nil {
		d.o.Log.WithError(failed).Error("a change that was refused cannot be taken back and is made all the same")
		return bytes.Clone(repr), err
	}
	return undo, err
}

// reverse makes the batch that takes back a batch: of all that it touches, what was there before.
func reverse(db *pebble.DB, before *pebble.Snapshot, repr []byte) ([]byte, error) {
	undo := db.NewBatch()
	defer func() { _ = undo.Close() }()
	for r := batchrepr.Read(repr); ; {
		kind, key, value, ok, err := r.Next()
		if err != nil {
			return nil, err
		}
		if !ok {
			return bytes.Clone(undo.Repr()), nil
		}
		if kind == pebble.InternalKeyKindRangeDelete {
			err = restoreRange(undo, before, key, value)
		} else {
			err = restore(undo, before, key)
		}
		if err != nil {
			return nil, err
		}
	}
}

func restore(undo *pebble.Batch, before *pebble.Snapshot, key []byte) error {
	v, closer, err := before.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return undo.Delete(key, nil)
	}
	if err != nil {
		return err
	}
	return errors.Join(undo.Set(key, v, nil), closer.Close())
}

func restoreRange(undo *pebble.Batch, before *pebble.Snapshot, from, to []byte) (err error) {
	if err := undo.DeleteRange(from, to, nil); err != nil {
		return err
	}
	it, err := before.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return err
	}
	for it.First(); it.Valid() && err == nil; it.Next() {
		err = undo.Set(it.Key(), it.Value(), nil)
	}
	return errors.Join(err, it.Error(), it.Close())
}

// commitAll writes batches once more, all or none, in their order. What of them is there already does not matter: the
// last word on every key is the same.
func commitAll(db *pebble.DB, reprs [][]byte) error {
	all := db.NewBatch()
	defer func() { _ = all.Close() }()
	for _, repr := range reprs {
		b := db.NewBatch()
		err := b.SetRepr(bytes.Clone(repr))
		if err == nil {
			err = all.Apply(b, nil)
		}
		if err = errors.Join(err, b.Close()); err != nil {
			return fmt.Errorf("a change that was acknowledged cannot be written again: %w", err)
		}
	}
	return all.Commit(pebble.Sync)
}
