package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"alakazaam/actors/p2p"
)

// rescan looks through everything that is shared, and takes what is not there any more off the shelf.
func (l *librarian) rescan() {
	if l.owner == nil {
		return
	}
	l.shelf.begin()
	for _, root := range l.roots() {
		l.listen(filepath.Dir(root)) // to learn when the root comes, goes or is replaced
		l.find(root)
	}
	l.take(func(string) bool { return true })
}

// look brings the shelf in line with the disk for some paths and all below them.
func (l *librarian) look(paths []string) {
	at := map[string]bool{}
	for _, path := range paths {
		at[path] = true
	}
	below := func(path string) bool {
		for ; !at[path]; path = filepath.Dir(path) {
			if path == filepath.Dir(path) {
				return false
			}
		}
		return true
	}
	for dir := range l.shelf.dirs {
		if below(dir) {
			l.unlisten(dir) // it may bear another name now, or another folder its name
		}
	}
	l.shelf.begin()
	for _, path := range paths {
		l.find(path)
	}
	for _, root := range l.roots() {
		if below(root) {
			l.listen(filepath.Dir(root))
			l.find(root)
		}
	}
	l.take(below)
}

// find walks from a path and considers each file in the order of their paths.
func (l *librarian) find(path string) {
	found := map[string]fs.FileInfo{}
	l.walk(path, found)
	for file := range sortedKeys(found) {
		l.consider(file, found[file])
	}
}

// take removes from the shelf what was not found and is within the range.
func (l *librarian) take(in func(path string) bool) {
	for _, path := range l.shelf.stale(in) {
		l.shelf.remove(path)
	}
	for dir := range l.shelf.dirs {
		if !in(dir) {
			continue
		}
		if _, there := folderAt(dir); !there {
			l.moved[dir] = true // it went while this look was on, and what was found in it went too
		} else if !l.wants(dir) && !l.aboveRoot(dir) {
			l.unlisten(dir)
		}
	}
}

// aboveRoot says whether dir is watched for the sake of a root in it.
func (l *librarian) aboveRoot(dir string) bool {
	return slices.ContainsFunc(l.roots(), func(root string) bool { return filepath.Dir(root) == dir })
}

// walk collects the files at and below path that are to be shared. Folders are watched before they are read, so that
// nothing slips through in between.
func (l *librarian) walk(path string, found map[string]fs.FileInfo) {
	if !l.wants(path) {
		return
	}
	info, err := l.stat(path)
	switch {
	case err != nil:
		if !errors.Is(err, fs.ErrNotExist) {
			l.complain(path, err)
		}
	case info.Mode().IsRegular():
		found[path] = info
	case info.IsDir():
		l.listen(path)
		entries, err := os.ReadDir(path)
		if err != nil {
			l.complain(path, err)
		}
		for _, e := range entries {
			if t := e.Type(); t.IsRegular() || t.IsDir() || t&fs.ModeSymlink != 0 {
				l.walk(filepath.Join(path, e.Name()), found)
			}
		}
	}
}

// stat follows symbolic links to files, and to folders where the user named the link; other links lead nowhere, for
// they could lead round in circles. What lies among this node's own data is not reached through a link either.
func (l *librarian) stat(path string) (fs.FileInfo, error) {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return info, err
	}
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	if info, err = os.Stat(target); err != nil {
		return nil, err
	}
	named := path == l.dir || l.extra[path]
	if info.IsDir() && !named {
		return nil, fs.ErrNotExist
	}
	if _, shared := l.root(target); within(target, l.private) && !shared {
		return nil, fs.ErrNotExist
	}
	if within(target, filepath.Join(l.DownloadDir, partials)) {
		return nil, fs.ErrNotExist
	}
	return info, nil
}

// consider decides what is to be done about a file that is there.
func (l *librarian) consider(path string, info fs.FileInfo) {
	st := stampOf(info)
	l.shelf.seen(path)
	if path == l.hashing || l.shelf.is(path, st) {
		return // either it is finished as it is, or is compared with what is there when the hasher is through
	}
	name, err := p2p.NewFileName(filepath.Base(path))
	if err != nil {
		l.complain(path, err)
		l.shelf.remove(path)
		return
	}
	l.shelf.put(path, name, st.size)
	if id, ok := l.cache.get(path, st); ok {
		l.shelf.settle(path, st, id, true)
		return
	}
	// Young files may still be growing. A time in the future says nothing.
	if young := l.Quiet - time.Since(info.ModTime()); young > 0 && young <= l.Quiet {
		l.shelf.disturb(path, time.Now().Add(young))
		return
	}
	if !l.shelf.disturbed(path) {
		l.shelf.enqueue(path)
	}
}

// listenTo deals with what the system has reported.
func (l *librarian) listenTo(paths []string, lost bool, errs []error) {
	for _, err := range errs {
		l.Log.WithError(err).Debug("trouble with watching shared folders")
	}
	if lost {
		l.Log.Warn("looking through all shared files: the system did not report every change")
		l.rescan()
	}
	for _, path := range paths {
		if l.wants(path) {
			l.changed(path)
		}
	}
}

// changed deals with a change at a path, whatever it was.
func (l *librarian) changed(path string) {
	info, err := l.stat(path)
	if l.listens(path) || err == nil && info.IsDir() {
		l.moved[path] = true
	}
	switch {
	case err == nil && info.Mode().IsRegular():
		l.shelf.disturb(path, time.Now().Add(l.Quiet))
	case err == nil, errors.Is(err, fs.ErrNotExist):
		l.shelf.remove(path)
	default:
		l.complain(path, err)
	}
}

// due looks through the folders that have moved, and at the files that have been left alone long enough.
func (l *librarian) due(now time.Time) {
	if l.owner == nil {
		return
	}
	if len(l.moved) > 0 {
		moved := sorted(l.moved)
		clear(l.moved)
		l.look(moved)
	}
	for _, path := range l.shelf.due(now) {
		info, err := l.stat(path)
		if err == nil && info.Mode().IsRegular() && l.wants(path) {
			l.consider(path, info)
		} else {
			l.shelf.remove(path)
		}
	}
}

// folder is what a folder is under whatever name.
type folder struct{ device, inode uint64 }

func folderAt(path string) (f folder, ok bool) {
	info, err := os.Stat(path)
	if err != nil {
		return f, false
	}
	if sys, is := info.Sys().(*syscall.Stat_t); is {
		f = folder{uint64(sys.Dev), sys.Ino} //nolint:unconvert // its type is another one on other systems
	}
	return f, info.IsDir()
}

// listen asks the system to report changes in a folder. The system knows folders, not names: one that was renamed has
// to be let go under its old name first, or what happens in it would be reported under that name, and the next
// unlisten to it would end that too. A folder with two names at once, through a link, is reported under the first.
func (l *librarian) listen(dir string) {
	f, ok := folderAt(dir)
	if l.ear == nil || !ok {
		return
	}
	if old, is := l.shelf.dirs[dir]; is && old != f {
		l.unlisten(dir)
	}
	if other, is := l.shelf.names[f]; is && other != dir {
		if g, ok := folderAt(other); ok && f == g {
			return
		}
		l.unlisten(other)
		l.moved[other] = true // that is about to be reported, but not any more to someone who listens there
	}
	err := l.ear.notify.Add(dir) // again, if need be: the system may have let it go
	switch {
	case err == nil:
		l.shelf.dirs[dir], l.shelf.names[f] = f, dir
	case errors.Is(err, syscall.ENOSPC):
		if !l.complained["fs.inotify.max_user_watches"] {
			l.complained["fs.inotify.max_user_watches"] = true
			l.Log.WithField("folder", dir).Warn(
				"too many folders to watch: raise fs.inotify.max_user_watches; until then changes are noticed later")
		}
	case !errors.Is(err, fs.ErrNotExist):
		l.complain(dir, err)
	}
}

// unlisten ends that. The system may have done so already.
func (l *librarian) unlisten(dir string) {
	if f, is := l.shelf.dirs[dir]; is {
		delete(l.shelf.dirs, dir)
		delete(l.shelf.names, f)
		_ = l.ear.notify.Remove(dir)
	}
}

// listens says whether changes in a folder are reported.
func (l *librarian) listens(dir string) bool {
	_, is := l.shelf.dirs[dir]
	return is
}
