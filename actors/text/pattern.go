package text

import (
	"bytes"
	"slices"
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

// Lowered is the text that a name has to contain once it has gone through Lower; empty where every name matches.
func (p Pattern) Lowered() string { return p.lower }

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
	// ends are the places in folded at which a match of the letters so far can end. All places are looked at together,
	// because a letter that may be empty or '_' would make trying them one by one take as long as a stranger wants.
	ends, next := make([]bool, len(folded)+1), make([]bool, len(folded)+1)
	for i := range ends {
		ends[i] = true
	}
	for _, l := range p.letter {
		clear(next)
		for i, end := range ends {
			if end {
				l.step(folded, i, next)
			}
		}
		ends, next = next, ends
	}
	return slices.Contains(ends, true)
}

// step marks in ends where the letter ends if it begins at i.
func (l letter) step(folded string, i int, ends []bool) {
	if strings.HasPrefix(folded[i:], l.folded) {
		ends[i+len(l.folded)] = true
	}
	if l.foreign && strings.HasPrefix(folded[i:], string(unknown)) {
		ends[i+1] = true
	}
}
