package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"alakazaam/actors/p2p"
)

// unknown stands in ASCII for a character that has no likeness there.
const unknown = '_'

// letters are those that no decomposition takes apart, as people write them who have no key for them.
var letters = map[rune]string{
	'ß': "ss", 'ẞ': "SS",
	'æ': "ae", 'Æ': "AE",
	'œ': "oe", 'Œ': "OE",
	'ø': "o", 'Ø': "O",
	'ł': "l", 'Ł': "L",
	'đ': "d", 'Đ': "D",
	'ð': "d", 'Ð': "D",
	'þ': "th", 'Þ': "TH",
	'ħ': "h", 'Ħ': "H",
	'ŧ': "t", 'Ŧ': "T",
	'ŋ': "n", 'Ŋ': "N",
	'ı': "i", 'ȷ': "j",
	'ƒ': "f",
}

// ASCII folds a name to printable ASCII: accents come off (é is e), compatibility forms become what they stand for (the
// ligature ﬁ is fi), some letters are spelled out (ß is ss). Whatever is left above 127 becomes one '_' a character, and
// so do control characters and bytes that are not UTF-8.
//
// Nodes in the field that die of a byte above 127 are why this exists (protocol notes, Bytes and characters).
func ASCII(name string) string {
	if isPlain(name) {
		return name
	}
	var b strings.Builder
	b.Grow(len(name))
	for rest := name; rest != ""; {
		n := validPrefix(rest)
		if n == 0 {
			b.WriteByte(unknown)
			rest = rest[1:]
			continue
		}
		for _, r := range norm.NFKD.String(rest[:n]) {
			writeASCII(&b, r)
		}
		rest = rest[n:]
	}
	return b.String()
}

// writeASCII writes what one decomposed character becomes.
func writeASCII(b *strings.Builder, r rune) {
	switch {
	case plain(r):
		b.WriteByte(byte(r))
	case unicode.Is(unicode.M, r): // an accent that has come off its letter
	case letters[r] != "":
		b.WriteString(letters[r])
	default:
		b.WriteByte(unknown)
	}
}

// ASCIIName folds a file name to ASCII as ASCII does and keeps it valid: at most p2p.NameLen bytes, cut before the
// extension, and never empty. A name of which nothing is left is "_".
func ASCIIName(name p2p.FileName) p2p.FileName {
	s := strings.Trim(ASCII(string(name)), " ")
	s = strings.Trim(cutKeepingExtension(s, p2p.NameLen), " ")
	if s == "" {
		s = string(unknown)
	}
	return p2p.FileName(s)
}

// plain says whether r is printable ASCII.
func plain(r rune) bool { return r >= ' ' && r <= '~' }

func isPlain(s string) bool {
	for i := range len(s) {
		if !plain(rune(s[i])) {
			return false
		}
	}
	return true
}

// validPrefix is the length of the valid UTF-8 at the front of s.
func validPrefix(s string) int {
	for i, r := range s {
		if r != utf8.RuneError {
			continue
		}
		if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
			return i
		}
	}
	return len(s)
}

// foldLower gives the form in which names are compared that may have gone through somebody's fold to ASCII.
func foldLower(s string) string { return strings.ToLower(ASCII(s)) }
