package config

import (
	"errors"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// Size is a number of bytes; written as 1048576, 1MiB or 1MB.
type Size int64

// Rate is a number of bytes a second; written as Size, with or without "/s".
type Rate = Size

// units are the suffixes of a Size, in the order in which String prefers them: the largest first, and of two alike the
// binary one.
var units = []struct {
	name  string
	bytes int64
}{
	{"TiB", 1 << 40}, {"TB", 1e12}, {"GiB", 1 << 30}, {"GB", 1e9}, {"MiB", 1 << 20}, {"MB", 1e6}, {"KiB", 1 << 10},
	{"KB", 1e3}, {"B", 1},
}

var errSize = errors.New("not a size")

// ParseSize reads a number of bytes with or without a unit, in capitals or small letters: 1048576, 512KiB, 1.5MB. What
// is not a whole number of bytes is an error.
func ParseSize(s string) (Size, error) {
	number, unit := s, int64(1)
	for _, u := range units {
		if n := len(s) - len(u.name); n > 0 && strings.EqualFold(s[n:], u.name) {
			number, unit = strings.TrimRight(s[:n], " "), u.bytes
			break
		}
	}
	whole, fraction, dotted := strings.Cut(number, ".")
	if whole == "" || dotted && fraction == "" || len(fraction) > 9 || strings.Trim(whole+fraction, "0123456789") != "" {
		return 0, errSize
	}
	digits, err := strconv.ParseUint(whole+fraction, 10, 63)
	if err != nil {
		return 0, errSize
	}
	hi, lo := bits.Mul64(digits, uint64(unit))
	scale := uint64(math.Pow10(len(fraction)))
	if hi >= scale {
		return 0, errSize
	}
	n, rest := bits.Div64(hi, lo, scale)
	if rest != 0 || n > math.MaxInt64 {
		return 0, errSize
	}
	return Size(n), nil
}

// String gives the size in the largest unit in which it is a whole number: 512KiB, 1MB, 1000001B. ParseSize reads it.
func (s Size) String() string {
	if s <= 0 {
		return strconv.FormatInt(int64(s), 10)
	}
	for _, u := range units {
		if n := int64(s) / u.bytes; int64(s)%u.bytes == 0 {
			return strconv.FormatInt(n, 10) + u.name
		}
	}
	return "" // a size is a whole number of bytes
}
