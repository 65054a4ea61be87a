package bench

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"sort"
	"strings"

	"alakazaam/actors/p2p"
)

// Names makes up the files of the peers. The words of their names are as unevenly used as those of a language: the n-th
// most frequent one n times more rarely than the first (Zipf). The same seed gives the same files.
type Names struct {
	seed  uint64
	words []string
	upTo  []float64 // how probable this word is, or one before it
}

const (
	vocabulary = 20_000
	minWords   = 3 // of a name
	maxWords   = 6
)

var (
	onsets     = strings.Fields("b br c ch d dr f fl g gr h j k kl l m n p pr qu r s sh st t tr v w z")
	vowels     = strings.Fields("a e i o u ai ea ou")
	codas      = strings.Fields("n r s t l m nd ck x") // and none, as often as all of these
	extensions = []string{".mp3", ".mp3", ".mp3", ".ogg", ".flac", ".avi", ".mpg", ".jpg", ".zip", ".pdf"}
)

// NewNames makes the vocabulary of a seed.
func NewNames(seed uint64) *Names {
	n := &Names{seed: seed, words: make([]string, 0, vocabulary), upTo: make([]float64, 0, vocabulary)}
	r := rand.New(rand.NewPCG(seed, 0))
	known := make(map[string]bool, vocabulary)
	sum := 0.0
	for len(n.words) < vocabulary {
		w := word(r, 1+len(n.words)/100) // frequent words are short
		if known[w] {
			continue
		}
		known[w] = true
		n.words = append(n.words, w)
		sum += 1 / float64(len(n.words))
		n.upTo = append(n.upTo, sum)
	}
	for i := range n.upTo {
		n.upTo[i] /= sum
	}
	return n
}

// word makes up a word of one syllable, or of more the higher its rank is.
func word(r *rand.Rand, rank int) string {
	var b strings.Builder
	for range 1 + r.IntN(1+min(2, int(math.Log10(float64(rank)))+1)) {
		b.WriteString(onsets[r.IntN(len(onsets))])
		b.WriteString(vowels[r.IntN(len(vowels))])
		if i := r.IntN(2 * len(codas)); i < len(codas) {
			b.WriteString(codas[i])
		}
	}
	return b.String()
}

func (n *Names) draw(r *rand.Rand) string {
	return n.words[min(sort.SearchFloat64s(n.upTo, r.Float64()), len(n.words)-1)]
}

// of is the randomness of one file.
func (n *Names) of(peer, file int) *rand.Rand {
	return rand.New(rand.NewPCG(n.seed+1, uint64(peer)<<40|uint64(file)))
}

// phrase gives the words of a file's name.
func (n *Names) phrase(r *rand.Rand) []string {
	out := make([]string, minWords+r.IntN(maxWords-minWords+1))
	for i := range out {
		out[i] = n.draw(r)
	}
	return out
}

// File is the n-th file of a peer: its name, and the MD5 that it would have.
func (n *Names) File(peer, file int) (p2p.FileID, p2p.FileName) {
	r := n.of(peer, file)
	name := strings.Join(n.phrase(r), " ") + extensions[r.IntN(len(extensions))]
	var id p2p.FileID
	binary.BigEndian.PutUint64(id[:8], r.Uint64())
	binary.BigEndian.PutUint64(id[8:], r.Uint64())
	return id, p2p.FileName(p2p.CutText(name, p2p.NameLen))
}

// Text is a search that finds the n-th file of a peer: so many of its name's words, from one that at picks. The more words
// there are, the fewer other files it finds. What the protocol cannot carry is cut off.
func (n *Names) Text(peer, file, words int, at uint64) p2p.SearchText {
	all := n.phrase(n.of(peer, file))
	words = min(words, len(all))
	from := int(at % uint64(len(all)-words+1))
	text, _ := p2p.NewSearchText(p2p.CutText(strings.Join(all[from:from+words], " "), p2p.TextLen)) // never too long, never malformed
	return text
}
