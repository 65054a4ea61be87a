package disk_test

import (
	"crypto/md5"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/gateway/disk"
)

// patience is how long a test waits for what has to happen.
const patience = 15 * time.Second

// kit is a disk in folders of its own, with a probe that owns what it reports.
type kit struct {
	*testing.T
	*disk.Disk
	disk.Options
	system *actor.ActorSystem
	log    *logtest.Hook
	pid    *actor.PID
	box    chan any

	shared   map[string]port.SharedFile // by path, as the probe was told
	progress []port.ShareProgress
	changes  []*port.ShareChanged
}

func newKit(t *testing.T, adjust ...func(*disk.Options)) *kit {
	dir := t.TempDir()
	leak := goleak.IgnoreCurrent()
	logger, hook := logtest.NewNullLogger()
	logger.SetLevel(logrus.DebugLevel)
	k := &kit{T: t, log: hook, box: make(chan any, 100_000), shared: map[string]port.SharedFile{}}
	k.Options = disk.Options{
		ShareDir: filepath.Join(dir, "shared"), DownloadDir: filepath.Join(dir, "downloads"),
		DataDir: filepath.Join(dir, "data"), Quiet: 20 * time.Millisecond, Progress: 20 * time.Millisecond, Log: logger,
	}
	for _, f := range adjust {
		f(&k.Options)
	}
	k.system = actor.NewActorSystem(actor.WithDeadLetterThrottleInterval(time.Millisecond),
		actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }))
	k.pid = k.system.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		switch m := ctx.Message().(type) {
		case actor.SystemMessage, actor.AutoReceiveMessage:
		default:
			k.box <- m
		}
	}))
	k.open()
	t.Cleanup(func() {
		k.Close()
		k.system.Root.Stop(k.pid)
		k.system.Shutdown()
		goleak.VerifyNone(t, leak)
	})
	return k
}

// open makes the disk.
func (k *kit) open() {
	k.Helper()
	var err error
	k.Disk, err = disk.New(k.system, k.Options)
	require.NoError(k, err)
}

// reopen is a restart of the process.
func (k *kit) reopen() {
	k.Helper()
	k.Close()
	k.open()
	k.shared = map[string]port.SharedFile{}
}

// file writes a file and gives what should be published of it.
func (k *kit) file(content string, parts ...string) port.SharedFile {
	k.Helper()
	path := filepath.Join(parts...)
	require.NoError(k, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(k, os.WriteFile(path, []byte(content), 0o644))
	return shared(path, content)
}

func shared(path, content string) port.SharedFile {
	return port.SharedFile{
		File: p2p.FileID(md5.Sum([]byte(content))), Name: p2p.FileName(filepath.Base(path)), Path: path, Size: int64(len(content)),
	}
}

// take handles one message; false where none came in time.
func (k *kit) take(wait time.Duration) (m any, ok bool) {
	k.Helper()
	select {
	case m = <-k.box:
	case <-time.After(wait):
		return nil, false
	}
	switch m := m.(type) {
	case *port.ShareChanged:
		k.changes = append(k.changes, m)
		for _, f := range m.Gone {
			require.Equal(k, k.shared[f.Path], f, "gone is not what was found")
			delete(k.shared, f.Path)
		}
		for _, f := range m.Found {
			require.NotContains(k, k.shared, f.Path, "found twice")
			k.shared[f.Path] = f
		}
	case *port.ShareProgress:
		k.progress = append(k.progress, *m)
	}
	return m, true
}

// expect waits until exactly these files are shared and all is looked through.
func (k *kit) expect(want ...port.SharedFile) {
	k.Helper()
	files := map[string]port.SharedFile{}
	var bytes int64
	for _, f := range want {
		files[f.Path] = f
		bytes += f.Size
	}
	through := func() bool {
		if len(k.progress) == 0 {
			return false
		}
		p := k.progress[len(k.progress)-1]
		return p.Files == p.TotalFiles && p.Bytes == p.TotalBytes && p.TotalFiles >= len(want) && p.TotalBytes >= bytes
	}
	for end := time.Now().Add(patience); !through() || !equal(files, k.shared); {
		if _, ok := k.take(time.Until(end)); !ok {
			for path := range files {
				require.Equal(k, files[path], k.shared[path])
			}
			require.Len(k, k.shared, len(files))
			require.FailNow(k, fmt.Sprintf("not through: %+v", k.progress))
		}
	}
}

func equal(a, b map[string]port.SharedFile) bool {
	if len(a) != len(b) {
		return false
	}
	for path, f := range a {
		if b[path] != f {
			return false
		}
	}
	return true
}

// next waits for a message of one type.
func next[T any](k *kit) T {
	k.Helper()
	for end := time.Now().Add(patience); ; {
		m, ok := k.take(time.Until(end))
		require.True(k, ok, "nothing came")
		if m, ok := m.(T); ok {
			return m
		}
	}
}

// logged says whether something was logged.
func (k *kit) logged(text string) bool {
	for _, e := range k.log.AllEntries() {
		if line, err := e.String(); err == nil && contains(line, text) {
			return true
		}
	}
	return false
}
