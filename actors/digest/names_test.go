package digest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"

	"alakazaam/actors/p2p"
)

// library makes names as people give them to music: artists of which few are everywhere and many are rare, titles out of
// words of a language in which they are as unequal, and the habits of those who name files.
type library struct {
	language
	rnd    *rand.Rand
	word   *rand.Zipf
	artist *rand.Zipf
}

// language is the same for all libraries.
type language struct{ words, artists []string }

const (
	someWords   = 20_000
	someArtists = 50_000
)

var theLanguage = sync.OnceValue(func() (l language) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for range someWords {
		l.words = append(l.words, madeUp(rnd))
	}
	common := rand.NewZipf(rnd, 1.05, 8, someWords-1)
	for range someArtists {
		artist := madeUp(rnd)
		for range rnd.IntN(3) {
			artist += " " + l.words[common.Uint64()]
		}
		l.artists = append(l.artists, title(artist))
	}
	return l
})

func newLibrary(seed uint64) *library {
	l := &library{language: theLanguage(), rnd: rand.New(rand.NewPCG(seed, 2))}
	l.word = rand.NewZipf(l.rnd, 1.05, 8, someWords-1)
	l.artist = rand.NewZipf(l.rnd, 1.1, 20, someArtists-1)
	return l
}

// madeUp is a word of one to four syllables. Its letters are about as unequal as in English.
func madeUp(r *rand.Rand) string {
	const consonants, vowels = "ttttttnnnnnsssssrrrrrhhhhllllddddccccmmmwffgypbvk", "eeeeeeaaaaiiiooou"
	var b strings.Builder
	for range 1 + min(r.IntN(4), r.IntN(4)) {
		b.WriteByte(consonants[r.IntN(len(consonants))])
		if r.IntN(6) == 0 {
			b.WriteByte("rlhw"[r.IntN(4)])
		}
		b.WriteByte(vowels[r.IntN(len(vowels))])
		if r.IntN(2) == 0 {
			b.WriteByte(consonants[r.IntN(len(consonants))])
		}
	}
	return b.String()
}

func title(s string) string {
	words := strings.Fields(s)
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, " ")
}

// song is an artist and a title.
func (l *library) song() (artist, name string) {
	words := make([]string, 1+l.rnd.IntN(4))
	for i := range words {
		words[i] = l.words[l.word.Uint64()]
	}
	return l.artists[l.artist.Uint64()], title(strings.Join(words, " "))
}

// name is that of a file.
func (l *library) name() string {
	artist, song := l.song()
	name := artist + " - " + song
	switch l.rnd.IntN(8) {
	case 0:
		name = fmt.Sprintf("%02d - %s", 1+l.rnd.IntN(18), name)
	case 1:
		name = strings.ReplaceAll(name, " ", "_")
	case 2:
		name += " (" + []string{"Live", "Remix", "Acoustic", "Album Version"}[l.rnd.IntN(4)] + ")"
	case 3:
		name = strings.ToLower(name)
	}
	name += []string{".mp3", ".mp3", ".mp3", ".flac", ".ogg", ".avi"}[l.rnd.IntN(6)]
	return p2p.CutText(name, p2p.NameLen)
}

// names are n names.
func (l *library) names(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = l.name()
	}
	return out
}

// built is the summary of a catalog with these names.
func built(maximum int, names []string) *Summary {
	s := NewSummary(maximum)
	for i := 0; i < len(names); i++ {
		if s.Add([]byte(names[i])); s.Grow() {
			i = -1
		}
	}
	return s
}

// search is what somebody types who looks for a song: from the beginning of a word of it, cut to a width.
func (l *library) search(width int) string {
	for {
		artist, song := l.song()
		s := strings.ToLower(artist + " " + song)
		if l.rnd.IntN(2) == 0 {
			s = strings.ToLower(song + " " + artist)
		}
		if l.rnd.IntN(3) == 0 {
			_, s, _ = strings.Cut(s, " ")
		}
		if len(s) >= width && s[width-1] != ' ' {
			return s[:width]
		}
	}
}
