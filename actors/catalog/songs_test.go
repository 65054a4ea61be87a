package catalog

import (
	"fmt"
	"math"
	"math/rand/v2"

	"alakazaam/actors/p2p"
)

// songs makes names as people have them: artists with albums with titles, of words of which some are used a lot (Zipf).
type songs struct {
	rnd           *rand.Rand
	words         []string
	artist, album string
	track         int
}

func newSongs(seed uint64) *songs {
	s := &songs{rnd: rand.New(rand.NewPCG(seed, 0))}
	// Letters follow each other as they do in a text, roughly: each has its own few that come behind it.
	vocals, others := []byte("eaoiuy"), []byte("tnshrdlcmwfgpbvkxqjz")
	pick := func(from []byte) byte { return from[int(float64(len(from))*math.Pow(s.rnd.Float64(), 1.7))] }
	for range 30_000 {
		var w []byte
		for range 1 + s.rnd.IntN(4) {
			w = append(w, pick(others))
			if w = append(w, pick(vocals)); s.rnd.IntN(2) == 0 {
				w = append(w, pick(others))
			}
		}
		s.words = append(s.words, string(w))
	}
	return s
}

func (s *songs) word() string {
	return s.words[int(math.Pow(float64(len(s.words)), s.rnd.Float64()))-1] // 1/rank
}

func (s *songs) next() string {
	if s.track == 0 {
		s.artist, s.album = s.word()+" "+s.word(), s.word()+" "+s.word()
	}
	s.track = (s.track + 1) % 12
	return p2p.CutText(fmt.Sprintf("%s - %s - %02d - %s %s %s.mp3", s.artist, s.album, s.track+1, s.word(), s.word(), s.word()), p2p.NameLen)
}

func (s *songs) names(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = s.next()
	}
	return out
}
