package text

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"alakazaam/actors/p2p"
)

const (
	everything = "*" // the search text that matches every name
	wrapper    = "%" // stands at both ends of the text that some nodes send
)

// Pattern is a search text made ready to be held against many names. The zero value matches every name.
type Pattern struct {
	lower  string // what a lowered name has to contain
	letter []letter
}

// letter is one character of a pattern that is not all ASCII.
type letter struct {
	folded  string // how the fold to ASCII writes it; empty for an accent of its own
	foreign bool   // above 127, so that another fold may have written '_' instead
}

// either says whether '_' is a second form of the letter.
func (l letter) either() bool { return l.foreign && l.folded != string(unknown) }

// NewPattern reads a search text by the rules of Matching: the text is looked for anywhere in the name, whatever the
// case. "*" alone and the empty text match all. A '%' at each end is taken off, and with it the spaces within; every
// other character stands for itself.
func NewPattern(t p2p.SearchText) Pattern {
	s := strings.Trim(t.String(), " ")
	if len(s) >= 2*len(wrapper) && strings.HasPrefix(s, wrapper) && strings.HasSuffix(s, wrapper) {
		s = strings.Trim(s[len(wrapper):len(s)-len(wrapper)], " ")
	}
	if s == everything {
		s = ""
	}
	return Pattern{lower: Lower(s), letter: lettersOf(s)}
}

// lettersOf takes a text apart for MatchesFolded; nil for plain ASCII, which has one form only.
func lettersOf(s string) []letter {
	if isPlain(s) {
		return nil
	}
	out := make([]letter, 0, len(s))
	for rest := s; rest != ""; {
		_, size := utf8.DecodeRuneInString(rest)
		out = append(out, letter{folded: foldLower(rest[:size]), foreign: rest[0] >= utf8.RuneSelf})
		rest = rest[size:]
	}
	return out
}

// Matches says whether the search finds the name.
func (p Pattern) Matches(name p2p.FileName) bool {
	if isLower(string(name)) {
		return strings.Contains(string(name), p.lower)
	}
	var buf [2 * p2p.NameLen]byte
	return bytes.Contains(appendLower(buf[:0], string(name)), []byte(p.lower))
}

// MatchesLower is Matches for a name that has gone through Lower.
func (p Pattern) MatchesLower(lowered string) bool { return strings.Contains(lowered, p.lower) }

// MatchesFolded says whether the search could have found the file that another node answers with under this name. It
// is true where Matches is, and also where the name is what a fold to ASCII made of one that matches: the text is
// folded too, and a '_' of the name may stand for any one character of the text above 127. For one in ASCII it may not,
// since no fold touches those.
//
// The part that matched may have been lost if the fold made the name longer than its field. That is rare, and then the
// answer is no.
func (p Pattern) MatchesFolded(name p2p.FileName) bool {
	if p.Matches(name) {
		return true
	}
	folded := foldLower(string(name))
	if p.letter == nil {
		return strings.Contains(folded, p.lower)
	}
	for i := range len(folded) {
		if startsWith(folded[i:], p.letter) {
			return true
		}
	}
	return false
}

// startsWith says whether the letters, each in one of its forms, stand at the front of folded. Both forms of a letter
// can fit only where one of them is empty, as for an accent of its own, and a search text has room for ten of those: the
// tries stay few whatever name comes.
func startsWith(folded string, letters []letter) bool {
	for i, l := range letters {
		if l.either() && strings.HasPrefix(folded, string(unknown)) && startsWith(folded[1:], letters[i+1:]) {
			return true
		}
		if !strings.HasPrefix(folded, l.folded) {
			return false
		}
		folded = folded[len(l.folded):]
	}
	return true
}
