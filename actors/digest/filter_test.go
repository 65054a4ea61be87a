package digest

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// wholeOf are the parts of the filter of some names.
func wholeOf(generation uint32, names ...string) []Part {
	return built(512<<10, names).Whole(generation - 1)
}

func TestNothingIsKnownBeforeTheLastPart(t *testing.T) {
	parts := wholeOf(7, newLibrary(5).names(5_000)...)
	require.Greater(t, len(parts), 2)
	f, absent := NewFilter(512<<10), searchFor("no such name at all")
	require.True(t, f.MayMatch(absent))
	require.Nil(t, f.Parts())
	for _, p := range parts {
		require.False(t, f.Whole())
		require.True(t, f.MayMatch(absent))
		require.True(t, f.Put(p))
	}
	require.True(t, f.Whole())
	require.False(t, f.MayMatch(absent))
	require.True(t, f.Put(Unknown(8)))
	require.True(t, f.MayMatch(absent))
	require.Equal(t, []Part{{Generation: 8, LogBits: minLog, Data: []byte{}}}, f.Parts())
}

// TestCopiesAreTold: whoever gets the parts of a copy, and then what the copy gets, has the same filter, at whatever
// moment it came.
func TestCopiesAreTold(t *testing.T) {
	names := newLibrary(5).names(5_000)
	s := built(512<<10, names)
	parts := s.Whole(0)
	for late := range len(parts) + 1 {
		own, other := NewFilter(512<<10), NewFilter(512<<10)
		for i, p := range parts {
			if i == late {
				tell(t, other, own.Parts())
			}
			if require.True(t, own.Put(p)); i >= late {
				require.True(t, other.Put(p))
			}
		}
		if late == len(parts) {
			tell(t, other, own.Parts())
		}
		d := Delta{Generation: 1, Set: []uint32{3, 9}, Clear: []uint32{9}}
		shown := own.Parts()
		require.True(t, own.Apply(d))
		require.True(t, other.Apply(d))
		require.True(t, isSet(own.bits, 3))
		require.False(t, isSet(own.bits, 9))
		require.Equal(t, own.bits, other.bits)
		require.Equal(t, parts, shown, "what was told does not change")
	}
}

func tell(t *testing.T, f *Filter, parts []Part) {
	for _, p := range parts {
		require.True(t, f.Put(p))
	}
}

// TestNonsenseIsForgotten: after anything that does not fit every text passes, until another whole has come.
func TestNonsenseIsForgotten(t *testing.T) {
	small, large := wholeOf(7, "some name"), wholeOf(7, newLibrary(5).names(5_000)...)
	absent := searchFor("no such name at all")
	for name, wrong := range map[string]func(f *Filter) bool{
		"too large":          func(f *Filter) bool { return f.Put(Part{Generation: 8, LogBits: 23}) },
		"too small":          func(f *Filter) bool { return f.Put(Part{Generation: 8, LogBits: 11}) },
		"negative size":      func(f *Filter) bool { return f.Put(Part{Generation: 8, LogBits: -1}) },
		"more than it has":   func(f *Filter) bool { return f.Put(Part{Generation: 8, LogBits: 12, Data: make([]byte, 513)}) },
		"one past the last":  func(f *Filter) bool { return f.Put(Part{Generation: 7, LogBits: 12, Offset: 512, Data: []byte{1}}) },
		"not the next":       func(f *Filter) bool { f.Put(large[0]); return f.Put(large[2]) },
		"twice the same":     func(f *Filter) bool { f.Put(large[0]); f.Put(large[1]); return f.Put(large[1]) },
		"another generation": func(f *Filter) bool { f.Put(large[0]); p := large[1]; p.Generation++; return f.Put(p) },
		"another size":       func(f *Filter) bool { f.Put(large[0]); p := large[1]; p.LogBits--; return f.Put(p) },
		"negative offset":    func(f *Filter) bool { return f.Put(Part{Generation: 7, LogBits: 12, Offset: -1}) },
		"delta too early":    func(f *Filter) bool { f.Put(large[0]); return f.Apply(Delta{Generation: 7}) },
		"delta of the next":  func(f *Filter) bool { return f.Apply(Delta{Generation: 8}) },
		"delta of the last":  func(f *Filter) bool { return f.Apply(Delta{Generation: 6}) },
		"set past the end":   func(f *Filter) bool { return f.Apply(Delta{Generation: 7, Set: []uint32{1, 4096}}) },
		"clear past the end": func(f *Filter) bool { return f.Apply(Delta{Generation: 7, Clear: []uint32{1<<32 - 1}}) },
	} {
		t.Run(name, func(t *testing.T) {
			f := NewFilter(512 << 10)
			tell(t, f, small)
			require.False(t, f.MayMatch(absent))
			require.False(t, wrong(f))
			require.True(t, f.MayMatch(absent))
			require.False(t, f.Put(large[1]))
			require.False(t, f.Apply(Delta{Generation: 7}))
			require.Nil(t, f.Parts())
			tell(t, f, large)
			require.False(t, f.MayMatch(absent))
		})
	}
	var none Filter
	require.False(t, none.Put(small[0]))
	require.True(t, none.MayMatch(absent))
}

// FuzzFilter plays a neighbor that says anything. The filter must not panic nor take more than it may, know nothing
// before all has come, and take in the next whole as if nothing had been.
func FuzzFilter(f *testing.F) {
	f.Add([]byte{0, 7, 12, 0, 255, 0, 7, 12, 1, 255, 2, 7, 1, 9})
	f.Add([]byte{0, 7, 13, 0, 255, 1, 7, 13, 0, 255, 1, 7, 13, 0, 255, 2, 7, 200, 200, 3, 0, 0, 0})
	f.Add([]byte{0, 7, 99, 0, 0, 1, 1, 1, 1, 1, 3, 0, 0, 0, 0})
	names := newLibrary(5).names(20)
	whole := wholeOf(50, names...)
	f.Fuzz(func(t *testing.T, script []byte) {
		const maximum = 4 << 10
		r := NewFilter(maximum)
		for step := range slices.Chunk(script, 5) {
			step = append(bytes.Clone(step), make([]byte, 5-len(step))...)
			p := Part{Generation: uint32(step[1]), LogBits: int(int8(step[2])), Offset: int(int8(step[3])) * 16, Data: make([]byte, 4*int(step[4]))}
			switch step[0] % 3 {
			case 1: // goes on where it is
				p.Offset = r.have
				r.Put(p)
			case 2:
				at := []uint32{uint32(step[2]) << (step[3] % 25)}
				r.Apply(Delta{Generation: uint32(step[1]), Set: at, Clear: at[:step[4]%2]})
			default:
				r.Put(p)
			}
			require.LessOrEqual(t, cap(r.bits), maximum)
			require.Equal(t, r.Whole(), r.log != 0 && r.have == 1<<r.log/8)
			require.True(t, r.Whole() || r.MayMatch(searchFor("no such name at all")))
			again := NewFilter(maximum)
			for _, p := range r.Parts() {
				require.True(t, again.Put(p))
			}
			require.Equal(t, r.Whole(), again.Whole())
		}
		tell(t, r, whole)
		require.False(t, r.MayMatch(searchFor("no such name at all")))
		for _, n := range names {
			require.True(t, r.MayMatch(searchFor(n[:8])))
		}
	})
}
