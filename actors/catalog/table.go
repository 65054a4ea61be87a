package catalog

const (
	shardBits  = 10
	smallTable = 1 << 13 // entries from which on a table has many shards
	leastShard = 8
	grownBy    = 4 // a shard grows by one part of so many
	fullBut    = 5 // when all of it is taken but one part of so many
	emptyFrom  = 8 // and shrinks when one part of so many is taken
)

// table finds the number of a record by a hash of what it holds. A large one is made of shards that grow one at a time, so
// that no addition takes long. An entry is the hash above the number plus one; 0 is free. It stands at the first free place
// from the one on to which its hash puts it (linear probing).
type table struct {
	shards []shard
	n      int
}

type shard struct {
	entries []uint64
	n       int
	skip    uint8 // bits of the hashes that are the same in all of it
}

// home is where an entry stands if that place is free.
func (s *shard) home(entry uint64) int {
	return int((entry >> 32 << s.skip & 0xffff_ffff) * uint64(len(s.entries)) >> 32)
}

func (s *shard) next(i int) int {
	if i++; i == len(s.entries) {
		return 0
	}
	return i
}

func entryOf(hash, number uint32) uint64 { return uint64(hash)<<32 | uint64(number+1) }

// shard is the one for a hash.
func (t *table) shard(hash uint32) *shard {
	if len(t.shards) == 1 {
		return &t.shards[0]
	}
	return &t.shards[hash>>(32-shardBits)]
}

// find gives the number that was added with the hash and is the one that is meant; none where there is no such.
func (t *table) find(hash uint32, meant func(number uint32) bool) uint32 {
	if t.n == 0 {
		return none
	}
	s := t.shard(hash)
	if s.n == 0 {
		return none
	}
	for i := s.home(uint64(hash) << 32); s.entries[i] != 0; i = s.next(i) {
		if e := s.entries[i]; uint32(e>>32) == hash && meant(uint32(e)-1) {
			return uint32(e) - 1
		}
	}
	return none
}

// add puts in a number that is not there.
func (t *table) add(hash, number uint32) {
	switch {
	case t.shards == nil:
		t.shards = make([]shard, 1)
	case len(t.shards) == 1 && t.n >= smallTable:
		t.spread(shardBits)
	}
	t.n++
	t.shard(hash).add(entryOf(hash, number))
}

// spread makes the table one of 1<<skip shards.
func (t *table) spread(skip uint8) {
	old := t.shards
	t.shards = make([]shard, 1<<skip)
	for i := range t.shards {
		t.shards[i].skip = skip
	}
	for _, s := range old {
		for _, e := range s.entries {
			if e != 0 {
				t.shard(uint32(e >> 32)).add(e)
			}
		}
	}
}

func (s *shard) add(entry uint64) {
	if size := len(s.entries); s.n >= size-size/fullBut {
		s.resize(size + size/grownBy)
	}
	s.n++
	s.insert(entry)
}

func (s *shard) insert(entry uint64) {
	i := s.home(entry)
	for s.entries[i] != 0 {
		i = s.next(i)
	}
	s.entries[i] = entry
}

func (s *shard) resize(size int) {
	old := s.entries
	s.entries = make([]uint64, max(size, leastShard))
	for _, e := range old {
		if e != 0 {
			s.insert(e)
		}
	}
}

// replace gives what was added with the hash another number.
func (t *table) replace(hash, old, number uint32) {
	s := t.shard(hash)
	s.entries[s.place(entryOf(hash, old))] = entryOf(hash, number)
}

// place is where an entry is.
func (s *shard) place(entry uint64) int {
	i := s.home(entry)
	for s.entries[i] != entry {
		i = s.next(i)
	}
	return i
}

// remove takes out what was added with the hash.
func (t *table) remove(hash, number uint32) {
	t.n--
	t.shard(hash).remove(entryOf(hash, number))
	if len(t.shards) > 1 && t.n < smallTable/emptyFrom {
		t.spread(0)
	}
}

// remove moves up those entries behind the removed one that are not at home.
func (s *shard) remove(entry uint64) {
	hole := s.place(entry)
	for i := s.next(hole); s.entries[i] != 0; i = s.next(i) {
		h := s.home(s.entries[i])
		between := hole < h && h <= i || i < hole && (hole < h || h <= i)
		if !between {
			s.entries[hole] = s.entries[i]
			hole = i
		}
	}
	s.entries[hole] = 0
	if s.n--; len(s.entries) > leastShard && s.n < len(s.entries)/emptyFrom {
		s.resize(len(s.entries) / 4)
	}
}
