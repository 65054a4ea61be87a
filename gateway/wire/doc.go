// Package wire turns the bytes of the protocol into packets and packets into bytes. It is pure: it reads no socket and
// no clock, and it knows nothing of who sends what to whom.
//
// A packet is a 4-byte command followed by fields of fixed width; its file holds the layout, the struct, the decoding
// and the Append. A Decoder finds the packets in a stream that comes in pieces cut anywhere. ARET, the file on its way,
// is never a packet: AretHead, ChunkPlan and AppendChunkHeader frame it, and an AretReader takes the frame off again.
//
// What is sent is always the exact form of the tables. What is accepted is wider, because the programs in the field
// differ (protocol notes, What nodes in the field do):
//
//   - spaces between packets are skipped, so a name padded to 100 characters instead of bytes does no harm;
//   - names and search texts may be padded on either side;
//   - an AQUE may come without padding if its connection ends with it;
//   - a RETR may carry the MD5 in 32 hex digits or raw in 16 bytes;
//   - chunks may have any length, and the last one may be empty.
//
// Everything else that is not as the tables say is an error, which Reason puts into one word.
package wire
