package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/sirupsen/logrus"

	"alakazaam/actors/p2p"
)

// partials is the folder in the download folder where files are kept until they are complete.
const partials = ".partial"

// maxVariants is how many files of one name the download folder takes.
const maxVariants = 9999

// downloads is the download folder. It is reached through root alone, except by those who are given the path of a
// partial file, which has no part that a stranger could choose.
type downloads struct {
	dir    string
	root   *os.Root
	hasher *hasher
	log    logrus.FieldLogger
	mode   os.FileMode // of a finished file
	trash  atomic.Int64
}

func openDownloads(dir string, h *hasher, log logrus.FieldLogger) (*downloads, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	d := &downloads{dir: dir, root: root, hasher: h, log: log}
	if err = d.prepare(); err != nil {
		root.Close()
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, partials), err)
	}
	return d, nil
}

// prepare makes the folder for partial files, clears it of what was being removed, and learns the process's umask,
// which cannot be asked for without changing it for a moment.
func (d *downloads) prepare() error {
	if err := d.root.Mkdir(partials, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if info, err := d.root.Lstat(partials); err != nil || !info.IsDir() {
		return errors.Join(err, errors.New("not a folder"))
	}
	left, err := fs.Glob(d.root.FS(), partials+"/*.trash")
	if err != nil {
		return err
	}
	for _, name := range left {
		d.remove(name)
	}
	probe := partials + "/umask.trash"
	f, err := d.root.OpenFile(probe, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer d.remove(probe)
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	d.mode = info.Mode().Perm()
	return nil
}

func (d *downloads) close() { d.root.Close() }

// partName is a partial file's name below root.
func partName(f p2p.FileID) string { return partials + "/" + f.String() + ".part" }

// partial is a partial file's path. Its folder is made anew where the user has removed it.
func (d *downloads) partial(f p2p.FileID) string {
	_ = d.root.Mkdir(partials, 0o700) // whoever creates the file reports what is wrong
	return filepath.Join(d.dir, partName(f))
}

// plain says what is wrong with a name that is to be one in the download folder.
func plain(name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\\\x00") {
		return fmt.Errorf("%q is not a plain file name", name)
	}
	return nil
}

// variant is the n-th name to try: "name.ext", "name (2).ext" and so on.
func variant(name string, n int) string {
	if n == 1 {
		return name
	}
	ext := filepath.Ext(name)
	if ext == name { // a hidden file without an extension
		ext = ""
	}
	return strings.TrimSuffix(name, ext) + " (" + strconv.Itoa(n) + ")" + ext
}

// keep moves a complete partial file to its name, or to the next one that is free. Where the same file is there
// already, that one is kept.
func (d *downloads) keep(id p2p.FileID, name string) (string, error) {
	if err := plain(name); err != nil {
		return "", err
	}
	part := partName(id)
	size, err := d.finish(part)
	if err != nil {
		return "", d.blame(part, err)
	}
	for n := 1; n <= maxVariants; n++ {
		to := variant(name, n)
		err := d.rename(part, to)
		switch {
		case err == nil:
			d.remember(to, id)
			return filepath.Join(d.dir, to), d.sync()
		case !errors.Is(err, fs.ErrExist):
			return "", d.blame(to, err)
		case d.same(to, size, id):
			d.remove(part)
			return filepath.Join(d.dir, to), nil
		}
	}
	return "", d.blame(name, errors.New("there are too many files of this name"))
}

// finish flushes a partial file and gives it the permissions of a finished one.
func (d *downloads) finish(part string) (size int64, err error) {
	f, err := d.open(part, os.O_RDONLY, 0)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil {
		err = f.Chmod(d.mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// open opens a regular file in the download folder; links are not followed.
func (d *downloads) open(name string, flag int, perm os.FileMode) (*os.File, error) {
	info, err := d.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &os.PathError{Op: "open", Path: name, Err: errors.New("not a regular file")}
	}
	return d.root.OpenFile(name, flag|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, perm)
}

// same says whether the file of that name has this content.
func (d *downloads) same(name string, size int64, id p2p.FileID) bool {
	f, err := d.open(name, os.O_RDONLY, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || size >= 0 && info.Size() != size {
		return false
	}
	got, _, err := d.hasher.hashFile(d.hasher.ctx, filepath.Join(d.dir, name), f, nil)
	return err == nil && got == id
}

// remember spares the share from hashing what was just downloaded.
func (d *downloads) remember(name string, id p2p.FileID) {
	if info, err := d.root.Lstat(name); err == nil {
		d.hasher.cache.put(filepath.Join(d.dir, name), stampOf(info), id)
	}
}

// sync makes the new name outlast a power cut.
func (d *downloads) sync() error {
	for _, dir := range []string{".", partials} {
		f, err := d.root.Open(dir)
		if err != nil {
			return d.blame(dir, err)
		}
		err = f.Sync()
		f.Close()
		if err != nil {
			return d.blame(dir, err)
		}
	}
	return nil
}

// have looks for a finished file under its name and the names that keep would have given it.
func (d *downloads) have(id p2p.FileID, name string) (string, error) {
	if err := plain(name); err != nil {
		return "", err
	}
	entries, err := fs.ReadDir(d.root.FS(), ".")
	if err != nil {
		return "", d.blame(".", err)
	}
	for _, e := range entries {
		if e.Type().IsRegular() && isVariant(e.Name(), name) && d.same(e.Name(), -1, id) {
			return filepath.Join(d.dir, e.Name()), nil
		}
	}
	return "", d.hasher.ctx.Err()
}

// isVariant says whether keep may have given that name to a file that was to be called name.
func isVariant(that, name string) bool {
	if that == name {
		return true
	}
	open, end := strings.LastIndex(that, " ("), strings.LastIndex(that, ")")
	if open < 0 || end < open {
		return false
	}
	n, err := strconv.Atoi(that[open+2 : end])
	return err == nil && n > 1 && that == variant(name, n)
}

// discard takes a partial file's name away and says under which one it is to be removed, which can take long.
func (d *downloads) discard(id p2p.FileID) (trash string) {
	part := partName(id)
	trash = fmt.Sprintf("%s/%d.trash", partials, d.trash.Add(1))
	switch err := d.root.Rename(part, trash); {
	case err == nil:
		return trash
	case !errors.Is(err, fs.ErrNotExist):
		d.log.WithError(err).Warn("cannot discard a partial file")
	}
	return ""
}

// remove removes a file of ours.
func (d *downloads) remove(name string) {
	if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		d.log.WithError(err).Warn("cannot remove a partial file")
	}
}

// blame says where an error happened: the system's errors name paths below the download folder only.
func (d *downloads) blame(name string, err error) error {
	return fmt.Errorf("%s: %w", filepath.Join(d.dir, name), err)
}

// relink gives a file a second name, which fails where there is one, and takes the first away.
func (d *downloads) relink(part, to string) error {
	if err := d.root.Link(part, to); err != nil {
		return err
	}
	d.remove(part)
	return nil
}
