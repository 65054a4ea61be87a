package text

import (
	"bytes"
	"slices"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Forms are what a search text is looked for in: a name without its cases, and a name without its accents, too. Names that
// a search goes through one after the other share the room. The zero value is ready.
type Forms struct {
	lowered, folded []byte
	plain           bool
}

// Of makes the forms of a name. They hold until the next call.
func (f *Forms) Of(name []byte) {
	f.lowered, f.plain = appendLowerASCII(f.lowered[:0], name)
	if f.plain {
		return
	}
	f.lowered = appendLower(f.lowered[:0], name)
	f.folded = appendFolded(f.folded[:0], name)
	f.plain = bytes.Equal(f.lowered, f.folded)
}

// Lowered is the name in the form in which two names that differ in case only are the same bytes. Bytes that are not
// UTF-8 stay as they are.
func (f *Forms) Lowered() []byte { return f.lowered }

// Folded is the name in the form in which two names that differ in case, in accents or in the way in which a character is
// written are the same bytes; nil where that is Lowered.
func (f *Forms) Folded() []byte {
	if f.plain {
		return nil
	}
	return f.folded
}

// appendLowerASCII adds name without capitals of ASCII, and says whether all of it is ASCII.
func appendLowerASCII(dst, name []byte) (out []byte, all bool) {
	n := len(dst)
	dst = slices.Grow(dst, len(name))[:n+len(name)]
	to, seen := dst[n:], byte(0)
	for i, c := range name {
		to[i] = lowerByte[c]
		seen |= c
	}
	return dst, seen < utf8.RuneSelf
}

var lowerByte = func() (lower [256]byte) {
	for c := range lower {
		lower[c] = byte(c)
		if 'A' <= c && c <= 'Z' {
			lower[c] += 'a' - 'A'
		}
	}
	return lower
}()

// appendLower adds name in the form of Forms.Lowered. It goes by way of the capital, because some letters have two small
// forms (σ and ς) that only their capital joins.
func appendLower(dst, name []byte) []byte {
	for len(name) > 0 {
		r, size := utf8.DecodeRune(name)
		if r == utf8.RuneError {
			dst = append(dst, name[:size]...)
		} else {
			dst = utf8.AppendRune(dst, lowerRune(r))
		}
		name = name[size:]
	}
	return dst
}

func lowerRune(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }

// appendFolded adds name in the form of Forms.Folded: compatibility forms become what they stand for (the ligature ﬁ is
// fi, a wide Ａ is a), accents come off, some letters are spelled out (ß is ss), and what is left is put together again, so
// that a syllable of Hangul or a kana with its voicing mark is not taken for what it is made of. Bytes that are not UTF-8
// stay as they are.
func appendFolded(dst, name []byte) []byte {
	for len(name) > 0 {
		n := validPrefix(string(name))
		if n == 0 {
			dst = append(dst, name[0])
			name = name[1:]
			continue
		}
		var bare []byte
		for _, r := range string(norm.NFKD.Bytes(name[:n])) {
			if accent(r) {
				continue
			}
			r = lowerRune(r)
			if spelled := letters[r]; spelled != "" {
				bare = append(bare, spelled...)
			} else {
				bare = utf8.AppendRune(bare, r)
			}
		}
		dst = norm.NFC.Append(dst, bare...)
		name = name[n:]
	}
	return dst
}

// accent says whether r is a mark on a letter that a reader may leave out: those of Latin, Greek and Cyrillic. The marks
// of other scripts are vowels, or make another letter.
func accent(r rune) bool { return r >= 0x0300 && r <= 0x036F }
