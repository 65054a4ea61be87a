// Package text says what file names and search texts mean: which names a search text matches, how a name is written
// for a node that only knows ASCII, how it is shown on a terminal, and under which name a download is stored.
//
// Names come from strangers and may be any bytes. Nothing here fails: what cannot be kept is replaced. All of it is
// pure, and safe for use by many goroutines.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"alakazaam/actors/p2p"
)

// maxExtension is the longest ending, its dot included, that is taken for the extension of a file name.
const maxExtension = 16

// Joiners stand inside words of some scripts and inside emoji. They show nothing and turn nothing around, so they are
// the only invisible characters that may stay.
const (
	zeroWidthNonJoiner = '\u200C'
	zeroWidthJoiner    = '\u200D'
)

// harmless says whether r may be shown or stored as it is. What it refuses are control characters (C0, C1), the bidi
// marks, overrides and isolates and all other format characters, line and paragraph separators, and what is no
// character at all.
func harmless(r rune) bool {
	return unicode.IsGraphic(r) || r == zeroWidthJoiner || r == zeroWidthNonJoiner
}

// replaceRunes puts by in the place of every invalid byte and of every character that keep refuses.
func replaceRunes(s string, by rune, keep func(rune) bool) string {
	var b strings.Builder
	b.Grow(len(s))
	for rest := s; rest != ""; {
		r, size := utf8.DecodeRuneInString(rest)
		if r == utf8.RuneError && size == 1 || !keep(r) {
			r = by
		}
		b.WriteRune(r)
		rest = rest[size:]
	}
	return b.String()
}

// cutKeepingExtension shortens s to at most n bytes, n being well above maxExtension. The end of what stands before
// the extension goes, at a character's edge.
func cutKeepingExtension(s string, n int) string {
	if len(s) <= n {
		return s
	}
	ext := extension(s)
	return p2p.CutText(s[:len(s)-len(ext)], n-len(ext)) + ext
}

// extension is the ending of s from its last dot on; empty where there is none, or one too long to be a file type.
func extension(s string) string {
	dot := strings.LastIndexByte(s, '.')
	if dot <= 0 || len(s)-dot > maxExtension {
		return ""
	}
	return s[dot:]
}
