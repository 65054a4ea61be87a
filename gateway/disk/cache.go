package disk

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"

	"alakazaam/actors/p2p"
)

// stamp tells one state of a file from another without reading it.
type stamp struct {
	size  int64
	mtime int64 // ns
	inode uint64
}

// stampOf needs an info that came from the system.
func stampOf(info fs.FileInfo) stamp {
	st := stamp{size: info.Size(), mtime: info.ModTime().UnixNano()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		st.inode = sys.Ino
	}
	return st
}

// record is what the cache holds about a path.
type record struct {
	stamp
	id   p2p.FileID
	seen int64 // the day when it was last asked for, since 1970
}

// forgetAfter is for how many days a path is remembered that nobody asks for, such as those of a disk that is not
// mounted at the moment.
const forgetAfter = 60

// cache remembers the MD5 of files.
type cache struct {
	file string
	log  logrus.FieldLogger

	mu      sync.Mutex
	paths   map[string]record
	moved   map[uint64]record // by inode, of files seen in this life: a file that was renamed keeps its MD5
	changed bool
}

// cacheHead is the first line of the cache's file, cacheFoot the beginning of its last one, which bears a checksum of
// all the lines before.
const (
	cacheHead = "alakazaam hashes 1"
	cacheFoot = "crc32 "
)

// loadCache never fails: without the cache everything is hashed again, and that is all.
func loadCache(file string, log logrus.FieldLogger) *cache {
	c := &cache{file: file, log: log, paths: map[string]record{}, moved: map[uint64]record{}}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return c
	}
	if err == nil {
		err = c.parse(text)
	}
	if err != nil {
		c.paths = map[string]record{}
		log.WithError(err).WithField("file", file).Warn("hash cache ignored: all shared files are hashed again")
	}
	return c
}

// parse reads lines of: MD5, size, mtime in ns, inode, day last seen, quoted path.
func (c *cache) parse(text []byte) error {
	foot := bytes.LastIndex(text, []byte(cacheFoot))
	if foot < 0 || string(text[foot:]) != cacheSum(text[:foot]) {
		return errors.New("it was cut short or changed")
	}
	lines := bufio.NewScanner(bytes.NewReader(text[:foot]))
	lines.Buffer(nil, 1<<20)
	if !lines.Scan() || lines.Text() != cacheHead {
		return errors.New("unknown form")
	}
	for lines.Scan() {
		field := strings.SplitN(lines.Text(), " ", 6)
		if len(field) != 6 {
			return fmt.Errorf("bad line %q", lines.Text())
		}
		id, err := p2p.ParseFileID([]byte(field[0]))
		size, err1 := strconv.ParseInt(field[1], 10, 64)
		mtime, err2 := strconv.ParseInt(field[2], 10, 64)
		inode, err3 := strconv.ParseUint(field[3], 10, 64)
		seen, err4 := strconv.ParseInt(field[4], 10, 64)
		path, err5 := strconv.Unquote(field[5])
		if err := errors.Join(err, err1, err2, err3, err4, err5); err != nil {
			return err
		}
		c.paths[path] = record{stamp{size, mtime, inode}, id, seen}
	}
	return lines.Err()
}

func cacheSum(text []byte) string {
	return fmt.Sprintf("%s%08x\n", cacheFoot, crc32.ChecksumIEEE(text))
}

// dirty says whether there is something to save.
func (c *cache) dirty() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changed
}

// save writes the cache down, if it has changed.
func (c *cache) save() {
	c.mu.Lock()
	if !c.changed {
		c.mu.Unlock()
		return
	}
	c.changed = false
	text := []byte(cacheHead + "\n")
	for path := range sortedKeys(c.paths) {
		r := c.paths[path]
		if r.seen < today()-forgetAfter {
			delete(c.paths, path)
			continue
		}
		text = r.id.Append(text)
		text = fmt.Appendf(text, " %d %d %d %d %q\n", r.size, r.mtime, r.inode, r.seen, path)
	}
	if len(c.moved) > 2*len(c.paths)+1000 {
		clear(c.moved) // mostly files that are long gone
	}
	c.mu.Unlock()
	if err := writeFile(c.file, append(text, cacheSum(text)...)); err != nil {
		c.log.WithError(err).Warn("cannot write the hash cache")
		c.mu.Lock()
		c.changed = true
		c.mu.Unlock()
	}
}

func today() int64 { return time.Now().Unix() / 86400 }

// get gives the MD5 of the file at path, if that is known for the state it is in.
func (c *cache) get(path string, st stamp) (p2p.FileID, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.paths[path]
	if !ok || r.stamp != st {
		if r, ok = c.moved[st.inode]; !ok || r.stamp != st || st.inode == 0 {
			return p2p.FileID{}, false
		}
	}
	c.set(path, record{st, r.id, today()})
	return r.id, true
}

// put remembers an MD5.
func (c *cache) put(path string, st stamp, id p2p.FileID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set(path, record{st, id, today()})
}

func (c *cache) set(path string, r record) {
	if c.paths[path] != r {
		c.paths[path] = r
		c.changed = true
	}
	c.moved[r.inode] = r
}

// with lists the paths that have this content, as far as is known.
func (c *cache) with(id p2p.FileID) (paths []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for path, r := range c.paths {
		if r.id == id {
			paths = append(paths, path)
		}
	}
	return paths
}
