package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"alakazaam/actors/p2p"
)

// Lower gives the form of a name in which two names that differ in case only are the same bytes. It is that of
// Pattern.MatchesLower, so that what is searched often can be lowered once. Bytes that are not UTF-8 stay as they are.
func Lower(name string) string {
	if isLower(name) {
		return name
	}
	var buf [2 * p2p.NameLen]byte
	return string(appendLower(buf[:0], name))
}

// isLower says whether s is ASCII without capitals and needs no second look.
func isLower(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return true
}

// appendLower adds s to dst in the form of Lower. It goes by way of the capital, because some letters have two small
// forms (σ and ς) that only their capital joins.
func appendLower(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			dst = append(dst, c)
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError {
			dst = append(dst, s[i:i+size]...)
		} else {
			dst = utf8.AppendRune(dst, unicode.ToLower(unicode.ToUpper(r)))
		}
		i += size
	}
	return dst
}

// foldLower gives the form in which names are compared that may have gone through somebody's fold to ASCII.
func foldLower(s string) string { return strings.ToLower(ASCII(s)) }
