package wire

import "fmt"

// ARET: #chunk 6, then #chunk times: Lenchunk 5, data.
const (
	aretHeadLen = commandLen + chunksLen

	// usualChunk is the length of a chunk that every known downloader takes (protocol notes, Chunks).
	usualChunk = 4096
	maxChunk   = 99_999
	maxChunks  = 999_999
)

// ChunkPlan says in how many chunks a file of size bytes goes out, and how long each but the last one is: 4,096 bytes
// while they number at most 999,999, and as much longer as it takes for a larger file. A file that has no room in
// 999,999 chunks of 99,999 bytes, some 100 GB, is an ErrTooLong. An empty file has no chunk.
func ChunkPlan(size int64) (chunk, chunks int, err error) {
	if size < 0 {
		return 0, 0, fmt.Errorf("a file of %d bytes: %w", size, ErrMalformed)
	}
	longer := ceilDiv(size, maxChunks)
	if longer > maxChunk {
		return 0, 0, fmt.Errorf("a file of %d bytes: %w", size, ErrTooLong)
	}
	longer = max(longer, usualChunk)
	return int(longer), int(ceilDiv(size, longer)), nil
}

func ceilDiv(a, b int64) int64 {
	n := a / b
	if a%b > 0 {
		n++
	}
	return n
}

// AretHead is what an answer to RETR begins with: the command and #chunk. chunks is that of ChunkPlan.
func AretHead(chunks int) []byte {
	return appendDecimal(begin(nil, ARET, aretHeadLen), chunks, chunksLen)
}

// AppendChunkHeader adds Lenchunk, which stands before the data of each chunk. n is the length of the data, 99,999 at
// most.
func AppendChunkHeader(dst []byte, n int) []byte { return appendDecimal(dst, n, lengthLen) }
