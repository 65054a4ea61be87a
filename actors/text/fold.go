package text

import (
	"bytes"
	"slices"
	"sync"
	"unicode"
	"unicode/utf16"
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

// appendLower adds name in the form of Forms.Lowered.
func appendLower(dst, name []byte) []byte {
	table := lowers()
	for len(name) > 0 {
		r, size := utf8.DecodeRune(name)
		switch {
		case r == utf8.RuneError:
			dst = append(dst, name[:size]...)
		case r < lowerEnd:
			dst = utf8.AppendRune(dst, table[r])
		default:
			dst = utf8.AppendRune(dst, lowerRune(r))
		}
		name = name[size:]
	}
	return dst
}

// lowerRune goes by way of the capital, because some letters have two small forms (σ and ς) that only their capital joins.
func lowerRune(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }

// Names come by the million, and their characters mostly from the first plane: what becomes of those is looked up.
const (
	lowerEnd = 0x3000 // of those above few have two cases
	foldEnd  = 0x10000
)

var lowers = sync.OnceValue(func() *[lowerEnd]rune {
	var all [lowerEnd]rune
	for r := range all {
		all[r] = lowerRune(rune(r))
	}
	return &all
})

// folds are the places of folded characters in folded, plus one; 0 for a character that stays.
type folds struct {
	at     [foldEnd]uint16
	folded []string
}

var folded = sync.OnceValue(func() *folds {
	var f folds
	numbers := make(map[string]uint16)
	for r := rune(utf8.RuneSelf); r < foldEnd; r++ {
		if utf16.IsSurrogate(r) || hangul(r) {
			continue
		}
		to := foldRune(r)
		if to == string(r) {
			continue
		}
		if numbers[to] == 0 {
			f.folded = append(f.folded, to)
			numbers[to] = uint16(len(f.folded))
		}
		f.at[r] = numbers[to]
	}
	return &f
})

// appendFolded adds name in the form of Forms.Folded: compatibility forms become what they stand for (the ligature ﬁ is
// fi, a wide Ａ is a), accents come off, some letters are spelled out (ß is ss), and everything else is taken apart, however
// it was written. Each character is folded by itself. Bytes that are not UTF-8 stay as they are.
func appendFolded(dst, name []byte) []byte {
	table := folded()
	for len(name) > 0 {
		r, size := utf8.DecodeRune(name)
		switch {
		case r < utf8.RuneSelf:
			dst = append(dst, lowerByte[r])
		case r == utf8.RuneError:
			dst = append(dst, name[:size]...)
		case r >= foldEnd:
			dst = append(dst, foldRune(r)...)
		case hangul(r):
			dst = appendLetters(dst, r)
		default:
			if at := table.at[r]; at == 0 {
				dst = append(dst, name[:size]...)
			} else {
				dst = append(dst, table.folded[at-1]...)
			}
		}
		name = name[size:]
	}
	return dst
}

// foldRune is what becomes of a character.
func foldRune(r rune) string {
	var b []byte
	for _, r := range norm.NFKD.String(string(r)) {
		if accent(r) {
			continue
		}
		r = lowerRune(r)
		if spelled := letters[r]; spelled != "" {
			b = append(b, spelled...)
		} else {
			b = utf8.AppendRune(b, r)
		}
	}
	return string(b)
}

// The syllables of Hangul stand in the order of the letters that they are made of: first, vowel, last or none.
const (
	firstSyllable, lastSyllable    = 0xAC00, 0xD7A3
	firstLetter, vowel, lastLetter = 0x1100, 0x1161, 0x11A7
	vowels, lastLetters            = 21, 28
)

func hangul(r rune) bool { return r >= firstSyllable && r <= lastSyllable }

// appendLetters adds the letters of a syllable of Hangul.
func appendLetters(dst []byte, r rune) []byte {
	r -= firstSyllable
	dst = utf8.AppendRune(dst, firstLetter+r/(vowels*lastLetters))
	dst = utf8.AppendRune(dst, vowel+r/lastLetters%vowels)
	if last := r % lastLetters; last > 0 {
		dst = utf8.AppendRune(dst, lastLetter+last)
	}
	return dst
}

// accent says whether r is a mark on a letter that a reader may leave out: those of Latin, Greek and Cyrillic. The marks
// of other scripts are vowels, or make another letter.
func accent(r rune) bool { return r >= 0x0300 && r <= 0x036F }
