package disk

import (
	"errors"
	"sync"

	"github.com/fsnotify/fsnotify"
)

// ear takes what the system reports about folders at once and keeps it for the librarian, each path once. The two must
// not be the same goroutine: fsnotify may hold its lock while it waits for somebody to take an error, and whoever
// begins or ends the watching of a folder needs that lock.
type ear struct {
	notify *fsnotify.Watcher
	wake   chan struct{} // says that there is something to hear
	done   sync.WaitGroup

	mu    sync.Mutex
	paths []string
	known map[string]bool // what is in paths
	lost  bool            // not every change was reported
	errs  []error         // others
}

// mostHeard is how many paths are kept. Beyond it, looking through everything is quicker.
const mostHeard = 100_000

func newEar() (*ear, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	e := &ear{notify: w, wake: make(chan struct{}, 1), known: map[string]bool{}}
	e.done.Go(e.run)
	return e, nil
}

// run ends with the watcher.
func (e *ear) run() {
	for {
		select {
		case event, ok := <-e.notify.Events:
			if !ok {
				return
			}
			e.keep(event.Name, nil)
		case err, ok := <-e.notify.Errors:
			if !ok {
				return
			}
			e.keep("", err)
		}
		select {
		case e.wake <- struct{}{}:
		default:
		}
	}
}

func (e *ear) keep(path string, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case errors.Is(err, fsnotify.ErrEventOverflow), len(e.paths) >= mostHeard:
		e.lost = true
		e.paths, e.known = nil, map[string]bool{}
	case err != nil:
		e.errs = append(e.errs, err)
	case !e.lost && !e.known[path]:
		e.known[path] = true
		e.paths = append(e.paths, path)
	}
}

// heard takes out the paths at which something has changed, in the order in which it first did. lost says that there
// are more.
func (e *ear) heard() (paths []string, lost bool, errs []error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	paths, lost, errs = e.paths, e.lost, e.errs
	e.paths, e.known, e.lost, e.errs = nil, map[string]bool{}, false, nil
	return paths, lost, errs
}

func (e *ear) close() {
	e.notify.Close()
	e.done.Wait()
}
