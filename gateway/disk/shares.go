package disk

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// shares is what the user wants to share: the share folder and further paths, without what was taken away. Of the
// paths above a file the nearest one that is named decides. Paths are absolute and clean.
type shares struct {
	file     string // where it is written down
	dir      string // the share folder
	private  string // the data folder: nothing in it is shared unless a path in it is named
	extra    map[string]bool
	excluded map[string]bool
}

// savedShares is the form of shares.json.
type savedShares struct {
	Shared   []string `json:"shared"`
	Excluded []string `json:"excluded"`
}

func loadShares(file, dir, private string) (*shares, error) {
	s := &shares{file: file, dir: dir, private: private, extra: map[string]bool{}, excluded: map[string]bool{}}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	var saved savedShares
	if err := json.Unmarshal(text, &saved); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for _, p := range saved.Shared {
		s.extra[filepath.Clean(p)] = true
	}
	for _, p := range saved.Excluded {
		s.excluded[filepath.Clean(p)] = true
	}
	return s, nil
}

func (s *shares) save() error {
	text, err := json.MarshalIndent(savedShares{sorted(s.extra), sorted(s.excluded)}, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(s.file, append(text, '\n'))
}

// sorted lists a set.
func sorted(set map[string]bool) []string {
	return slices.AppendSeq(make([]string, 0, len(set)), sortedKeys(set))
}

func sortedKeys[V any](m map[string]V) func(yield func(string) bool) {
	return slices.Values(slices.Sorted(maps.Keys(m)))
}

// roots lists what is to be walked.
func (s *shares) roots() []string {
	roots := sorted(s.extra)
	if !s.excluded[s.dir] {
		roots = append(roots, s.dir)
	}
	slices.Sort(roots)
	return slices.Compact(roots)
}

// root is the named path through which path is shared; ok is false where it is not.
func (s *shares) root(path string) (root string, ok bool) {
	for p := path; ; p = filepath.Dir(p) {
		switch {
		case s.excluded[p]:
			return "", false
		case p == s.dir || s.extra[p]:
			return p, true
		case p == s.private, p == filepath.Dir(p):
			return "", false
		}
	}
}

// wants says whether path is to be shared: a named path is above it, and nothing between the two is hidden.
func (s *shares) wants(path string) bool {
	root, ok := s.root(path)
	if !ok {
		return false
	}
	for p := path; p != root; p = filepath.Dir(p) {
		if hidden(filepath.Base(p)) {
			return false
		}
	}
	return true
}

// hidden says whether files of this name are not for others: hidden ones, and those that are still on their way here.
func hidden(name string) bool {
	if strings.HasPrefix(name, ".") {
		return true
	}
	switch strings.ToLower(filepath.Ext(name)) {
	case ".part", ".partial", ".crdownload":
		return true
	}
	return false
}

// within says whether path is dir or below it.
func within(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}

// share adds a path, which is there. It says whether that is allowed.
func (s *shares) share(path string) error {
	if within(path, s.private) {
		if _, ok := s.root(path); !ok {
			return fmt.Errorf("%s holds this node's own data", path)
		}
	}
	delete(s.excluded, path)
	if !s.wants(path) {
		s.extra[path] = true
	}
	return nil
}

// unshare takes a path away with everything below it, named or not. It says whether it was shared.
func (s *shares) unshare(path string) bool {
	_, was := s.root(path)
	for p := range s.extra {
		if within(p, path) {
			delete(s.extra, p)
			was = true
		}
	}
	if _, still := s.root(path); still {
		s.excluded[path] = true
	}
	for p := range s.excluded { // what nothing shares any more need not be taken away
		if _, needed := s.root(filepath.Dir(p)); !needed && p != s.dir {
			delete(s.excluded, p)
		}
	}
	return was
}

// clone is for undoing changes that could not be written down.
func (s *shares) clone() *shares {
	c := *s
	c.extra, c.excluded = maps.Clone(s.extra), maps.Clone(s.excluded)
	return &c
}

// writeFile replaces a file, so that there is the old one or the new one whatever happens meanwhile.
func writeFile(path string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes renames in a folder outlast a power cut.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
