package digest

// A filter holds the runs of four, six and eight bytes of each name. The short ones are what a short text can be turned
// away by, and in a large catalog there are nearly all of them; the long ones tell long texts apart, and tell most. The
// table of the package has what others would do.
const (
	short  = 4
	middle = 6
	long   = 8
)

const (
	shortMask  = 1<<(8*short) - 1
	middleMask = 1<<(8*middle) - 1
)

// multiplier spreads the runs: 2^64 divided by the golden ratio, odd.
const multiplier = 0x9E3779B97F4A7C15

// appendHashes adds the hash of each run of a form of a name; none where it is shorter than a run. The first LogBits bits
// of a hash are the run's position in a filter.
func appendHashes(dst []uint32, form []byte) []uint32 {
	var run uint64
	for i, c := range form {
		run = run<<8 | uint64(c)
		if i >= short-1 {
			dst = append(dst, hash(run&shortMask))
		}
		if i >= middle-1 {
			dst = append(dst, hash(run&middleMask))
		}
		if i >= long-1 {
			dst = append(dst, hash(run))
		}
	}
	return dst
}

// hash is that of a run as a number, its first byte the highest.
func hash(run uint64) uint32 { return uint32((run ^ run>>32) * multiplier >> 32) }
