package disk

import (
	"context"
	"crypto/md5"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/fsnotify/fsnotify"
	"github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// meddler is a context that does something when it is asked for its error, which is before each read of a file.
type meddler struct {
	context.Context
	do func()
}

func (m meddler) Err() error {
	m.do()
	return nil
}

func TestChangedWhileHashed(t *testing.T) {
	log, _ := test.NewNullLogger()
	h := newHasher(loadCache(filepath.Join(t.TempDir(), "hashes"), log))
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte("before"), 0o600))
	grow := func() {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		require.NoError(t, err)
		f.WriteString("!")
		f.Close()
	}
	times := 0
	_, _, err := h.hash(meddler{t.Context(), func() {
		if times++; times == 2 {
			grow()
		}
	}}, path, os.OpenFile, nil)
	require.Equal(t, errChanged, err)
	id, st, err := h.hash(t.Context(), path, os.OpenFile, nil)
	require.NoError(t, err)
	require.Equal(t, p2p.FileID(md5.Sum([]byte("before!"))), id)
	require.EqualValues(t, 7, st.size)
	require.EqualValues(t, 2, h.hashed.Load())
	h.cancel()
	_, _, err = h.hash(h.ctx, path, os.OpenFile, nil)
	require.NoError(t, err, "the cache needs no reading")
	_, _, err = h.hash(t.Context(), filepath.Dir(path), os.OpenFile, nil)
	require.ErrorContains(t, err, "not a regular file")
}

// Where the file system has no rename that spares what is there, a second link does the same.
func TestRelink(t *testing.T) {
	log, _ := test.NewNullLogger()
	h := newHasher(loadCache(filepath.Join(t.TempDir(), "hashes"), log))
	dir := t.TempDir()
	d, err := openDownloads(dir, h, log)
	require.NoError(t, err)
	defer d.close()
	for _, to := range []string{"a", "b"} {
		require.NoError(t, os.WriteFile(d.partial(p2p.FileID{}), []byte(to), 0o600))
		require.NoError(t, d.relink(partName(p2p.FileID{}), to))
		require.NoFileExists(t, d.partial(p2p.FileID{}))
	}
	require.NoError(t, os.WriteFile(d.partial(p2p.FileID{}), nil, 0o600))
	require.ErrorIs(t, d.relink(partName(p2p.FileID{}), "a"), os.ErrExist)
	require.FileExists(t, d.partial(p2p.FileID{}))
}

// A file that cannot be read is left out, and looked at again later; a change that the system has not reported is found
// when it says that it has lost some.
func TestTroubles(t *testing.T) {
	dir := t.TempDir()
	system := actor.NewActorSystem()
	defer system.Shutdown()
	box := make(chan any, 1000)
	owner := system.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		switch m := ctx.Message().(type) {
		case *port.ShareChanged, *port.ShareProgress:
			box <- m
		}
	}))
	log, hook := test.NewNullLogger()
	d, err := New(system, Options{
		ShareDir: filepath.Join(dir, "s"), DownloadDir: filepath.Join(dir, "dl"), DataDir: filepath.Join(dir, "data"),
		Quiet: 5 * time.Millisecond, Log: log,
	})
	require.NoError(t, err)
	defer d.Close()
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "s", "link")
	require.NoError(t, os.Symlink("/proc/self/mem", filepath.Join(dir, "s", "unreadable")))
	require.NoError(t, os.WriteFile(target, []byte("before"), 0o600))
	require.NoError(t, os.Symlink(target, link))
	d.Watch(owner)
	expect := func(content string) {
		t.Helper()
		for {
			select {
			case m := <-box:
				if m, ok := m.(*port.ShareChanged); ok {
					require.Len(t, m.Found, 1)
					require.Equal(t, link, m.Found[0].Path)
					require.Equal(t, p2p.FileID(md5.Sum([]byte(content))), m.Found[0].File)
					return
				}
			case <-time.After(10 * time.Second):
				require.FailNow(t, "nothing came")
			}
		}
	}
	expect("before")
	for m := range box {
		if p, ok := m.(*port.ShareProgress); ok && p.Files == 2 && p.TotalFiles == 2 {
			break
		}
	}
	require.Equal(t, "not shared", hook.LastEntry().Message)
	require.NoError(t, os.WriteFile(target, []byte("after"), 0o600))
	d.do(func() {
		errs := d.lib.ear.notify.Errors
		go func() { errs <- fsnotify.ErrEventOverflow }()
	})
	expect("after")
}
