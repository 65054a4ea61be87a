package durable

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/actors/props"
	"alakazaam/actors/store"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(openerVariable); dir != "" {
		os.Exit(openElsewhere(dir))
	}
	goleak.VerifyTestMain(m)
}

func newSystem() *actor.ActorSystem {
	silent := logrus.New()
	silent.SetOutput(io.Discard)
	return props.NewSystem(silent)
}

// lines is a log that a test reads.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *lines) log() logrus.FieldLogger {
	log := logrus.New()
	log.SetOutput(l)
	return log
}

// client calls stores and waits for their answers.
type client struct {
	t      testing.TB
	system *actor.ActorSystem
	pid    *actor.PID
	got    chan any
}

func newClient(t testing.TB, s *actor.ActorSystem) *client {
	c := &client{t: t, system: s, got: make(chan any, 1024)}
	c.pid = s.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		switch m := ctx.Message().(type) {
		case *port.Applied, *port.Loaded:
			c.got <- m
		}
	}))
	t.Cleanup(func() { _ = s.Root.StopFuture(c.pid).Wait() })
	return c
}

func (c *client) answer() any {
	select {
	case m := <-c.got:
		return m
	case <-time.After(time.Minute):
		require.FailNow(c.t, "no answer")
		return nil
	}
}

func (c *client) apply(s port.Store, changes []port.Change) error {
	token := rand.Uint64()
	s.Apply(changes, c.pid, token)
	m := c.answer().(*port.Applied)
	require.Equal(c.t, token, m.Token)
	return m.Err
}

func (c *client) load(s port.Store, after port.Cursor, limit int) *port.Loaded {
	token := rand.Uint64()
	s.Load(after, limit, c.pid, token)
	m := c.answer().(*port.Loaded)
	require.Equal(c.t, token, m.Token)
	m.Token = 0
	return m
}

// all reads everything from a cursor on, piece by piece.
func (c *client) all(s port.Store, after port.Cursor, limit int) (all []port.Change) {
	for {
		m := c.load(s, after, limit)
		require.NoError(c.t, m.Err)
		require.LessOrEqual(c.t, len(m.Changes), limit)
		all = append(all, m.Changes...)
		if m.Last {
			return all
		}
		after = m.Next
	}
}

func session(i int) p2p.SessionID {
	id, err := p2p.ParseSessionID(fmt.Appendf(nil, "SESSION%09d", i))
	if err != nil {
		panic(err)
	}
	return id
}

func endpoint(i int) p2p.Endpoint {
	e, err := p2p.ParseEndpoint(fmt.Sprintf("10.0.%d.%d:3000", i/256, i%256))
	if err != nil {
		panic(err)
	}
	return e
}

// draw makes a batch of random changes of a few sessions and files, so that they meet.
func draw(r *rand.Rand, most int) []port.Change {
	changes := make([]port.Change, 1+r.IntN(most))
	for i := range changes {
		c := port.Change{Session: session(r.IntN(5)), File: p2p.FileID{15: byte(1 + r.IntN(200))}}
		switch n := r.IntN(100); {
		case n < 8:
			c.Op, c.Endpoint, c.File = port.OpLogin, endpoint(1+r.IntN(999)), p2p.FileID{}
		case n < 11:
			c.Op, c.File = port.OpLogout, p2p.FileID{}
		case n < 85:
			c.Op, c.Name = port.OpPut, p2p.FileName(fmt.Sprintf("%d-%s", r.Uint64(), strings.Repeat("x", r.IntN(70))))
		default:
			c.Op = port.OpDelete
		}
		changes[i] = c
	}
	return changes
}

// model is what a directory should hold, after a number of batches.
type model struct {
	batches [][]port.Change
	client  *client
}

func newModel(t testing.TB) *model {
	system := newSystem()
	t.Cleanup(system.Shutdown)
	return &model{client: newClient(t, system)}
}

func (m *model) contents(batches int) []port.Change {
	s := store.NewMemory(m.client.system)
	for _, b := range m.batches[:batches] {
		require.NoError(m.client.t, m.client.apply(s, b))
	}
	return m.client.all(s, port.Cursor{}, 1000)
}

// dump reads a directory as its scan sees it.
func dump(t testing.TB, d *directory) (all []port.Change) {
	require.NotNil(t, d.engine, "it is open")
	require.NoError(t, scan(d.engine.db, func(c port.Change) error {
		c.Name = p2p.FileName(strings.Clone(string(c.Name)))
		all = append(all, c)
		return nil
	}))
	return all
}

func open(t testing.TB, o Options) (*directory, Opening) {
	d, report, err := openDirectory(o, current)
	require.NoError(t, err)
	return d, report
}

// small makes a store that flushes and compacts every few batches.
func small(in vfs.FS) Options {
	return Options{Dir: "/data/directory", FS: in, MemTable: 32 << 10, Reserve: -1}
}

// hookFS asks before and after each change of a file system.
type hookFS struct {
	vfs.FS
	before, after func(op, name string) error
}

func (h *hookFS) do(op, name string, f func() error) error {
	if h.before != nil {
		if err := h.before(op, name); err != nil {
			return err
		}
	}
	err := f()
	if err == nil && h.after != nil {
		err = h.after(op, name)
	}
	return err
}

func (h *hookFS) file(op, name string, f func() (vfs.File, error)) (out vfs.File, err error) {
	err = h.do(op, name, func() error {
		inner, err := f()
		if err == nil {
			out = &hookFile{File: inner, h: h, name: name}
		}
		return err
	})
	if err != nil && out != nil {
		err = errors.Join(err, out.Close())
	}
	return out, err
}

func (h *hookFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return h.file("create", name, func() (vfs.File, error) { return h.FS.Create(name, c) })
}

func (h *hookFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	return h.file("create", name, func() (vfs.File, error) { return h.FS.OpenReadWrite(name, c, o...) })
}

func (h *hookFS) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return h.file("reuse", to, func() (vfs.File, error) { return h.FS.ReuseForWrite(from, to, c) })
}

func (h *hookFS) OpenDir(name string) (vfs.File, error) {
	d, err := h.FS.OpenDir(name)
	return &hookFile{File: d, h: h, name: name}, err
}

func (h *hookFS) Remove(name string) error {
	return h.do("remove", name, func() error { return h.FS.Remove(name) })
}

func (h *hookFS) Rename(from, to string) error {
	return h.do("rename", to, func() error { return h.FS.Rename(from, to) })
}

type hookFile struct {
	vfs.File
	h    *hookFS
	name string
}

func (f *hookFile) Write(p []byte) (n int, err error) {
	err = f.h.do("write", f.name, func() error { n, err = f.File.Write(p); return err })
	return n, err
}

func (f *hookFile) Sync() error     { return f.h.do("sync", f.name, f.File.Sync) }
func (f *hookFile) SyncData() error { return f.h.do("sync", f.name, f.File.SyncData) }

// copyTree copies a directory of one file system into another.
func copyTree(t testing.TB, from, to vfs.FS, dir string) {
	require.NoError(t, makeDir(to, dir))
	names, err := from.List(dir)
	require.NoError(t, err)
	for _, n := range names {
		f, err := from.Open(from.PathJoin(dir, n))
		require.NoError(t, err)
		data, err := io.ReadAll(f)
		require.NoError(t, errors.Join(err, f.Close()))
		write(t, to, to.PathJoin(dir, n), data)
	}
	require.NoError(t, syncDir(to, dir))
}

func write(t testing.TB, to vfs.FS, name string, data []byte) {
	f, err := to.Create(name, vfs.WriteCategoryUnspecified)
	require.NoError(t, err)
	_, err = f.Write(bytes.Clone(data)) // under -race it comes back garbled
	require.NoError(t, errors.Join(err, f.Sync(), f.Close()))
}

func readFile(t testing.TB, from vfs.FS, name string) []byte {
	f, err := from.Open(name)
	require.NoError(t, err)
	data, err := io.ReadAll(f)
	require.NoError(t, errors.Join(err, f.Close()))
	return data
}
