package durable

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/record"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// What Pebble's files are called.
const (
	optionsPrefix  = "OPTIONS-"
	manifestPrefix = "MANIFEST-"
	markerPrefix   = "marker."
	logSuffix      = ".log"
	tableSuffix    = ".sst"
)

// What the notes are called.
const (
	manifestNote = "manifest.synced"
	logNote      = "log.synced"
)

// trailer is more than what ends a log that was closed, and less than a record with a change.
const trailer = 40

// witness notes how much has been synced of a file that is appended to. Where Pebble's manifest, which says what tables
// and logs there are, or its last log cannot be read, Pebble takes it to end there: what a crash left half written
// looks the same. Everything behind it would be gone without a word. The note tells one from the other, since what has
// been synced is not half written.
type witness struct {
	note string
	// lasting notes are synced as well. One that is not outlives the process, and a power cut leaves an older one, which
	// is as true.
	lasting bool

	file  vfs.File
	about string // the last file noted
}

func (w *witness) write(to vfs.FS, name string, synced int64) error {
	if w.file == nil {
		f, err := to.OpenReadWrite(to.PathJoin(to.PathDir(name), w.note), vfs.WriteCategoryUnspecified)
		if err != nil {
			return err
		}
		w.file = f
	}
	if w.lasting && w.about != name {
		// A new manifest is in its folder for good before a marker says that it is the one: Pebble leaves that to luck.
		if err := syncDir(to, to.PathDir(name)); err != nil {
			return err
		}
		w.about = name
	}
	// Less than a sector, always at the same place: it is replaced as a whole.
	text := fmt.Appendf(nil, "%-24s%16d", to.PathBase(name), synced)
	if _, err := w.file.WriteAt(fmt.Appendf(text, " %08x\n", crc32.ChecksumIEEE(text)), 0); err != nil {
		return err
	}
	if !w.lasting {
		return nil
	}
	return w.file.SyncData()
}

func (w *witness) close() {
	if w.file != nil {
		_ = w.file.Close()
	}
}

// noted reads which file a note is about and how much of it has been synced. A note that cannot be read says nothing.
func noted(in vfs.FS, dir, note string) (name string, synced int64) {
	f, err := in.Open(in.PathJoin(dir, note))
	if err != nil {
		return "", 0
	}
	defer func() { _ = f.Close() }()
	var text [40]byte
	var sum uint32
	if _, err := io.ReadFull(f, text[:]); err != nil {
		return "", 0
	}
	if _, err := fmt.Fscanf(f, " %08x\n", &sum); err != nil || sum != crc32.ChecksumIEEE(text[:]) {
		return "", 0
	}
	if _, err := fmt.Sscan(string(text[:]), &name, &synced); err != nil {
		return "", 0
	}
	return name, synced
}

// checkNoted reads the files that the notes are about as far as Pebble would, and fails if more has been synced.
func checkNoted(in vfs.FS, dir, manifest string) error {
	if name, synced := noted(in, dir, manifestNote); name == in.PathBase(manifest) {
		if err := checkRecords(in, manifest, 0, synced); err != nil {
			return err
		}
	}
	name, synced := noted(in, dir, logNote)
	names, err := in.List(dir)
	if err != nil {
		return err
	}
	for _, n := range names {
		if strings.HasSuffix(n, logSuffix) && logNumber(n) > logNumber(name) {
			return nil // it has been closed, so that Pebble is strict about its end, or is of no use any more
		}
	}
	if name == "" {
		return nil
	}
	err = checkRecords(in, in.PathJoin(dir, name), logNumber(name), synced-trailer)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// logNumber is the number by which logs follow each other; 0 of anything else.
func logNumber(name string) uint64 {
	n, _ := strconv.ParseUint(strings.TrimSuffix(name, logSuffix), 10, 32)
	return n
}

func checkRecords(in vfs.FS, name string, number uint64, synced int64) error {
	f, err := in.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	r := newReader(record.NewReader, f, number)
	for {
		at := r.Offset()
		entry, err := r.Next()
		if err == nil {
			_, err = io.Copy(io.Discard, entry)
		}
		var system *fs.PathError
		switch {
		case err == nil:
		case errors.As(err, &system):
			return err
		case at < synced:
			return fmt.Errorf("%s cannot be read beyond byte %d, and at least %d have been written: %w", in.PathBase(name), at, synced, err)
		default:
			return nil
		}
	}
}

// newReader makes a reader of the file's records. Pebble does not export the type of its numbers of files.
func newReader[N ~uint64](f func(io.Reader, N) *record.Reader, r io.Reader, number uint64) *record.Reader {
	return f(r, N(number))
}
