package disk

import (
	"slices"
	"time"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// batch is how many files a ShareChanged holds at most, in each of its lists.
const batch = 500

// shelf is one Watch's view of the share: each file with what is known of it, and what the owner has been told. It is
// pure but for the messages it sends.
type shelf struct {
	send  func(any)
	every time.Duration // the least time between two reports

	files map[string]*entry
	dirs  map[string]folder    // folders that the system reports changes of
	names map[folder]string    // the same the other way round
	queue []string             // to be hashed
	calm  map[string]time.Time // files in motion, and when they may be looked at
	round int                  // counts looks

	all, known         count // of files, and of those among them with which nothing is left to do
	gone, found        []port.SharedFile
	fresh              map[string]bool // paths in found
	changedAt, reports time.Time       // when found and gone were last sent, and progress
	said               port.ShareProgress
	begun              bool // something was said
}

// count is a number of files and their bytes.
type count struct {
	files int
	bytes int64
}

func (c *count) add(n int, bytes int64) {
	c.files += n
	c.bytes += int64(n) * bytes
}

// entry is a file.
type entry struct {
	name      p2p.FileName
	size      int64
	stamp     stamp // of the state in which it was hashed
	told      port.SharedFile
	published bool // told is what the owner knows
	pending   bool // still to be looked at
	queued    bool
	round     int // of the last look that found it
}

func newShelf(send func(any), every time.Duration) *shelf {
	return &shelf{
		send: send, every: every, files: map[string]*entry{}, dirs: map[string]folder{}, names: map[folder]string{},
		calm: map[string]time.Time{}, fresh: map[string]bool{},
	}
}

// begin begins a look: what it does not find is stale.
func (s *shelf) begin() { s.round++ }

// seen notes that a look has found a file.
func (s *shelf) seen(path string) {
	if e := s.files[path]; e != nil {
		e.round = s.round
	}
}

// stale lists the files in a range that the look has not found, in order.
func (s *shelf) stale(in func(string) bool) (paths []string) {
	for path, e := range s.files {
		if e.round != s.round && in(path) {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}

// is says whether nothing is to be done for a file that is in this state.
func (s *shelf) is(path string, st stamp) bool {
	e := s.files[path]
	return e != nil && !e.pending && e.published && e.stamp == st
}

// put makes a file pending.
func (s *shelf) put(path string, name p2p.FileName, size int64) {
	e := s.files[path]
	if e == nil {
		e = &entry{name: name, size: size, pending: true, round: s.round}
		s.files[path] = e
		s.all.add(1, size)
		return
	}
	s.all.add(-1, e.size)
	if !e.pending {
		s.known.add(-1, e.size)
	}
	e.size, e.pending = size, true
	s.all.add(1, size)
}

// settle gives a file its MD5. Where the file has been in motion since it is left for later, unless sure says that the
// MD5 is that of the state it is in now.
func (s *shelf) settle(path string, st stamp, id p2p.FileID, sure bool) {
	e := s.files[path]
	if e == nil || s.disturbed(path) && !sure {
		return
	}
	delete(s.calm, path)
	s.all.add(-1, e.size)
	if !e.pending {
		s.known.add(-1, e.size)
	}
	e.size, e.stamp, e.pending = st.size, st, false
	s.all.add(1, e.size)
	s.known.add(1, e.size)
	now := port.SharedFile{File: id, Name: e.name, Path: path, Size: st.size}
	if e.published && e.told == now {
		return
	}
	s.withdraw(path, e)
	e.told, e.published = now, true
	s.found = append(s.found, now)
	s.fresh[path] = true
	if len(s.found) >= batch {
		s.flush(time.Now())
	}
}

// fail gives a file up until it changes.
func (s *shelf) fail(path string) {
	if e := s.files[path]; e != nil && e.pending {
		e.pending = false
		s.known.add(1, e.size)
		s.withdraw(path, e)
	}
}

// remove takes a file away.
func (s *shelf) remove(path string) {
	delete(s.calm, path)
	e := s.files[path]
	if e == nil {
		return
	}
	delete(s.files, path)
	s.all.add(-1, e.size)
	if !e.pending {
		s.known.add(-1, e.size)
	}
	s.withdraw(path, e)
}

// withdraw tells the owner that what it knows of a file is no longer so. In a message what is gone comes first, so what
// was found and not sent yet has to leave before.
func (s *shelf) withdraw(path string, e *entry) {
	if !e.published {
		return
	}
	if s.fresh[path] || len(s.gone) >= batch {
		s.flush(time.Now())
	}
	e.published = false
	s.gone = append(s.gone, e.told)
}

// disturb notes that a file is in motion, and when to look at it.
func (s *shelf) disturb(path string, at time.Time) { s.calm[path] = at }

func (s *shelf) disturbed(path string) bool {
	_, ok := s.calm[path]
	return ok
}

// due takes out the files that have come to rest, in order.
func (s *shelf) due(now time.Time) (paths []string) {
	for path, at := range s.calm {
		if !now.Before(at) {
			paths = append(paths, path)
			delete(s.calm, path)
		}
	}
	slices.Sort(paths)
	return paths
}

// enqueue leaves a file to the hasher.
func (s *shelf) enqueue(path string) {
	if e := s.files[path]; e != nil && !e.queued {
		e.queued = true
		s.queue = append(s.queue, path)
	}
}

// next is the next file for the hasher.
func (s *shelf) next() (path string, ok bool) {
	for len(s.queue) > 0 {
		path, s.queue = s.queue[0], s.queue[1:]
		if e := s.files[path]; e != nil && e.queued {
			if e.queued = false; e.pending {
				return path, true
			}
		}
	}
	s.queue = nil
	return "", false
}

// with lists the paths of the files that have this content.
func (s *shelf) with(id p2p.FileID) (paths []string) {
	for path, e := range s.files {
		if e.published && e.told.File == id {
			paths = append(paths, path)
		}
	}
	return paths
}

// unsettled says whether something is left to do or to report.
func (s *shelf) unsettled() bool {
	return len(s.calm) > 0 || s.known != s.all || len(s.found)+len(s.gone) > 0
}

// report tells the owner what has changed and how far the looking is: now and then, and soon where it is through, but
// the files of one burst together. reading is how much of the file at hand has been read.
func (s *shelf) report(now time.Time, reading int64) {
	through := s.known == s.all
	pause := s.every
	if through {
		pause /= 4
	}
	if now.Sub(s.changedAt) >= pause {
		s.flush(now)
	}
	p := port.ShareProgress{
		Files: s.known.files, TotalFiles: s.all.files,
		Bytes: min(s.known.bytes+reading, s.all.bytes), TotalBytes: s.all.bytes,
	}
	switch {
	case p == s.said && s.begun:
	case through && len(s.found)+len(s.gone) > 0: // the end is not reached before everything is said
	case through, now.Sub(s.reports) >= s.every:
		s.said, s.begun, s.reports = p, true, now
		s.send(&p)
	}
}

// flush sends what has been found and what is gone.
func (s *shelf) flush(now time.Time) {
	if len(s.found)+len(s.gone) == 0 {
		return
	}
	s.send(&port.ShareChanged{Gone: s.gone, Found: s.found})
	s.gone, s.found, s.changedAt = nil, nil, now
	clear(s.fresh)
}
