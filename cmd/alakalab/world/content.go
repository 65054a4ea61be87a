package world

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"

	"alakazaam/actors/p2p"
	"alakazaam/cmd/alakalab/experiment"
)

// The content of a simulated file is made when somebody asks for it and thrown away when it has arrived: its id, its
// size, and then its id again and again. So a network can share terabytes. Who receives it finds by the same rule
// whether it is whole; what breaks the rule has the MD5 of its bytes.

// fileID is the id of file number i, of the seed's own.
func fileID(seed uint64, i int) p2p.FileID {
	return p2p.FileID(md5.Sum(fmt.Appendf(nil, "file %d of %d", i, seed)))
}

// contentHead is what every content begins with: the id and the size.
const contentHead = len(p2p.FileID{}) + 8

// content makes the bytes of a file.
func content(id p2p.FileID, size int64) []byte {
	b := make([]byte, 0, max(size, int64(contentHead)))
	b = append(b, id[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(max(size, int64(contentHead))))
	for len(b) < cap(b) {
		b = append(b, id[:min(len(id), cap(b)-len(b))]...)
	}
	return b
}

// sum finds out which file a content is.
func sum(b []byte) p2p.FileID {
	if len(b) < contentHead || binary.BigEndian.Uint64(b[len(p2p.FileID{}):contentHead]) != uint64(len(b)) {
		return p2p.FileID(md5.Sum(b))
	}
	id := p2p.FileID(b)
	for rest := b[contentHead:]; len(rest) > 0; rest = rest[min(len(rest), len(id)):] {
		if !bytes.HasPrefix(id[:], rest[:min(len(rest), len(id))]) {
			return p2p.FileID(md5.Sum(b))
		}
	}
	return id
}

// copies says how many copies of each file there are at the start, the most popular file first.
func copies(c experiment.Content, popular func(rank int) float64, peers int, src rand.Source) []int {
	drawn := c.Copies.Amounts(c.Files, src)
	total := 0.0
	for _, n := range drawn {
		total += n
	}
	switch c.Placement {
	case "uniform":
		share(drawn, total, func(int) float64 { return 1 })
	case "proportional":
		share(drawn, total, popular)
	case "square-root":
		share(drawn, total, func(rank int) float64 { return math.Sqrt(popular(rank)) })
	}
	out := make([]int, len(drawn))
	for i, n := range drawn {
		out[i] = min(max(1, int(math.Round(n))), peers)
	}
	return out
}

// share shares out a total by weight.
func share(out []float64, total float64, weight func(rank int) float64) {
	sum := 0.0
	for i := range out {
		sum += weight(i)
	}
	for i := range out {
		out[i] = total * weight(i) / sum
	}
}
