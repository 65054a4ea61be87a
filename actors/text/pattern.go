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
	forms  [2][]byte // what Forms.Lowered and Forms.Folded have to contain, one of them; nil: that one says nothing
	raw    []byte    // what the name itself may contain instead; nil where that is in its forms, too
	letter []letter
}

// letter is one character of a pattern that is not all ASCII.
type letter struct {
	folded  string // how the fold to ASCII writes it; empty for an accent of its own
	foreign bool   // above 127, so that another fold may have written '_' instead
}

// NewPattern reads a search text by the rules of Matching: the text is looked for anywhere in the name, whatever the
// case and the accents. "*" alone and the empty text match all. A '%' at each end is taken off, and with it the spaces
// within; every other character stands for itself.
//
// A name without its accents is looked at beside the one with them, so that what has the very bytes of the text is found
// always, also where a text ends within a character or neither is UTF-8.
func NewPattern(t p2p.SearchText) Pattern {
	s := strings.Trim(t.String(), " ")
	if len(s) >= 2*len(wrapper) && strings.HasPrefix(s, wrapper) && strings.HasSuffix(s, wrapper) {
		s = strings.Trim(s[len(wrapper):len(s)-len(wrapper)], " ")
	}
	if s == everything {
		s = ""
	}
	if s == "" {
		return Pattern{}
	}
	var f Forms
	f.Of([]byte(s))
	p := Pattern{letter: lettersOf(s)}
	if !utf8.ValidString(s) {
		p.raw = []byte(s) // parts of characters, which are other ones in another case
	}
	p.forms[0] = f.lowered
	if p.forms[1] = f.Folded(); f.plain {
		p.forms[1] = f.lowered
	} else if len(f.folded) == 0 {
		p.forms[1] = nil // a text of accents alone, which would match everything
	}
	return p
}

// All says whether every name matches.
func (p Pattern) All() bool { return p.forms[0] == nil }

// Required is what an index may look for: whatever matches has one of these in one of its Forms. None, or an empty one,
// says nothing about what matches.
func (p Pattern) Required() [][]byte {
	switch {
	case p.raw != nil:
		return [][]byte{longestASCII(p.forms[0])}
	case p.forms[1] == nil || bytes.Equal(p.forms[0], p.forms[1]):
		return p.forms[:1]
	default:
		return p.forms[:]
	}
}

// longestASCII is the longest run of ASCII in b, which no form takes apart.
func longestASCII(b []byte) (longest []byte) {
	for _, run := range bytes.FieldsFunc(b, func(r rune) bool { return r >= utf8.RuneSelf }) {
		if len(run) > len(longest) {
			longest = run
		}
	}
	return longest
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
	var f Forms
	return p.MatchesBytes([]byte(name), &f)
}

// MatchesBytes is Matches for many names, which share the room for their forms.
func (p Pattern) MatchesBytes(name []byte, f *Forms) bool {
	if p.All() {
		return true
	}
	f.lowered, f.plain = appendLowerASCII(f.lowered[:0], name)
	if f.plain {
		return p.forms[1] != nil && bytes.Contains(f.lowered, p.forms[1])
	}
	f.lowered = appendLower(f.lowered[:0], name)
	if bytes.Contains(f.lowered, p.forms[0]) || p.raw != nil && bytes.Contains(name, p.raw) {
		return true
	}
	if p.forms[1] == nil {
		return false
	}
	f.folded = appendFolded(f.folded[:0], name)
	return bytes.Contains(f.folded, p.forms[1])
}

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
		return strings.Contains(folded, string(p.forms[0]))
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
