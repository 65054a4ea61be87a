package disk

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sync"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"

	"alakazaam/actors/port"
)

// Notes is port.Notes: one file a name in a folder of the data directory. A file holds the value between a first line
// that names the form and a last one with a checksum, and is replaced as a whole, so that it is never half of one.
//
// One goroutine reads and writes; the calls only leave it something to do.
type Notes struct {
	dir    string
	root   *actor.RootContext
	log    logrus.FieldLogger
	failed map[string]port.Counter // by what was tried

	mu      sync.Mutex
	closed  bool
	names   []string          // with something to write, the oldest first
	pending map[string][]byte // to write, by name
	recalls []recall
	wake    chan struct{} // says that there is something to do, or that it has been closed
	work    sync.WaitGroup
}

type recall struct {
	name  string
	owner *actor.PID
}

var _ port.Notes = (*Notes)(nil)

// The first line of a note, and the beginning of the last one.
const (
	noteHead = "alakazaam note 1\n"
	noteFoot = "crc32 "
)

// OpenNotes gives the notes of a data directory. The folder is made when something is kept.
func OpenNotes(system *actor.ActorSystem, dataDir string, metrics port.Metrics, log logrus.FieldLogger) *Notes {
	n := &Notes{
		dir: filepath.Join(dataDir, "notes"), root: system.Root, log: log, failed: make(map[string]port.Counter),
		pending: make(map[string][]byte), wake: make(chan struct{}, 1),
	}
	for _, do := range []string{"keep", "recall"} {
		n.failed[do] = metrics.Counter("note_failures_total", "Values for the next start that could not be kept or recalled.", "do", do)
	}
	n.work.Go(n.run)
	return n
}

// Keep implements port.Notes.
func (n *Notes) Keep(name string, value []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		n.failure("keep", name, errClosed)
		return
	}
	if _, waits := n.pending[name]; !waits {
		n.names = append(n.names, name)
	}
	n.pending[name] = value
	n.poke()
}

// Recall implements port.Notes.
func (n *Notes) Recall(name string, owner *actor.PID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		n.root.Send(owner, &port.Recalled{Name: name, Err: errClosed})
		return
	}
	n.recalls = append(n.recalls, recall{name, owner})
	n.poke()
}

// Close writes what has not been written, answers who waits, and ends.
func (n *Notes) Close() {
	n.mu.Lock()
	n.closed = true
	n.poke()
	n.mu.Unlock()
	n.work.Wait()
}

func (n *Notes) poke() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

func (n *Notes) run() {
	for range n.wake {
		for n.step() {
		}
		n.mu.Lock()
		done := n.closed && len(n.names) == 0 && len(n.recalls) == 0
		n.mu.Unlock()
		if done {
			return
		}
	}
}

// step does one thing, writing before reading, so that a Recall finds what was kept before it. It says whether there was
// something to do.
func (n *Notes) step() bool {
	n.mu.Lock()
	if len(n.names) > 0 {
		name := n.names[0]
		value := n.pending[name]
		n.names = n.names[1:]
		delete(n.pending, name)
		n.mu.Unlock()
		if err := n.write(name, value); err != nil {
			n.failure("keep", name, err)
		}
		return true
	}
	if len(n.recalls) == 0 {
		n.mu.Unlock()
		return false
	}
	r := n.recalls[0]
	n.recalls = n.recalls[1:]
	n.mu.Unlock()
	value, err := n.read(r.name)
	if err != nil {
		n.failure("recall", r.name, err)
	}
	n.root.Send(r.owner, &port.Recalled{Name: r.name, Value: value, Err: err})
	return true
}

func (n *Notes) failure(do, name string, err error) {
	n.failed[do].Add(1)
	what := map[string]string{"keep": "cannot be kept", "recall": "cannot be read and is ignored"}[do]
	n.log.WithError(err).WithField("note", name).Warn("a value for the next start " + what)
}

var noteName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

func (n *Notes) path(name string) (string, error) {
	if !noteName.MatchString(name) {
		return "", fmt.Errorf("%q is no name of a note", name)
	}
	return filepath.Join(n.dir, name), nil
}

func (n *Notes) write(name string, value []byte) error {
	path, err := n.path(name)
	if err != nil {
		return err
	}
	if len(value) > port.MaxNote {
		return fmt.Errorf("it has %d bytes, and %d is the most", len(value), port.MaxNote)
	}
	if len(value) == 0 {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	if err := os.MkdirAll(n.dir, 0o755); err != nil {
		return err
	}
	return writeFile(path, noteText(value))
}

// noteText is what stands in the file of a value.
func noteText(value []byte) []byte {
	text := append([]byte(noteHead), value...)
	return fmt.Appendf(text, "\n%s%08x\n", noteFoot, crc32.ChecksumIEEE(value))
}

func (n *Notes) read(name string) ([]byte, error) {
	path, err := n.path(name)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if size := info.Size(); !info.Mode().IsRegular() || size > port.MaxNote+int64(len(noteText(nil))) {
		return nil, fmt.Errorf("%s: no file of this program", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	value, ok := bytes.CutPrefix(text, []byte(noteHead))
	foot := bytes.LastIndex(value, []byte("\n"+noteFoot))
	if !ok || foot < 0 || !bytes.Equal(noteText(value[:foot]), text) {
		return nil, fmt.Errorf("%s: it was cut short or changed", path)
	}
	return value[:foot:foot], nil
}
