package wire_test

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"alakazaam/actors/p2p"
	"alakazaam/gateway/wire"
)

// Vector is one stream of bytes and what it means. The tests decode it whole, in pieces and together with all others,
// encode its packets, and check the errors.
type Vector struct {
	Name   string
	Accept wire.Set // on what side of a connection it comes
	Raw    []byte   // the stream, one field a line
	// Packets is what the stream holds, in order.
	Packets []wire.Packet
	// Sent is what the packets are when this node sends them; nil where that is Raw.
	Sent []byte
	// Ends says that the last packet is one only because the stream ends.
	Ends bool

	// For a stream that makes no sense, after Packets:
	Reason  string       // wire.Reason of the error
	Partial wire.Command // the packet in which it is
	Field   string       // of a FieldError
	Offset  int64        // of a FieldError
}

// Values of the vectors, as they are on the wire and as they are meant.
const (
	rawPktid   = "PKT0000000000001"
	rawSession = "E1ACD0A7096D4F30"
	rawIPP     = "172.016.001.003|fc00:0000:0000:0000:0000:0000:0001:0003"
	rawMD5     = "5ac41043420bb95a80790b2ebc813727"
	rawMD5b    = "02e0ce7b61c07a73ff15e2350adb593c"
)

var (
	pktid   = must(p2p.ParsePacketID([]byte(rawPktid)))
	session = must(p2p.ParseSessionID([]byte(rawSession)))
	refused = p2p.SessionID{}
	md5     = must(p2p.ParseFileID([]byte(rawMD5)))
	md5b    = must(p2p.ParseFileID([]byte(rawMD5b)))
	node    = at("172.16.1.3", "fc00::1:3", 3000)
)

// everything is what comes on any connection.
const everything = wire.Requests | wire.Answers | wire.LinkAnswers | wire.Links

// Golden are the vectors of packets that make sense.
var Golden = []Vector{
	{
		Name: "SUPE", Accept: wire.Requests,
		Raw: stream(
			"SUPE",
			"PKT0000000000001", // Pktid
			"172.016.001.003|fc00:0000:0000:0000:0000:0000:0001:0003", // IPP2P
			"05000", // PP2P
			"04",    // TTL
		),
		Packets: packets(&wire.Supe{ID: pktid, Origin: at("172.16.1.3", "fc00::1:3", 5000), TTL: 4}),
	},
	{
		Name: "SUPE that goes no further", Accept: wire.Requests,
		Raw:     stream("SUPE", rawPktid, rawIPP, "03000", "00"),
		Packets: packets(&wire.Supe{ID: pktid, Origin: node, TTL: 0}),
	},
	{
		Name: "ASUP", Accept: wire.Requests,
		Raw: stream(
			"ASUP",
			"PKT0000000000001", // Pktid
			"172.016.001.003|fc00:0000:0000:0000:0000:0000:0001:0003", // IPP2P
			"03000", // PP2P
		),
		Packets: packets(&wire.Asup{ID: pktid, Supernode: node}),
	},
	{
		Name: "LOGI", Accept: wire.Requests,
		Raw: stream(
			"LOGI",
			"172.016.001.003|fc00:0000:0000:0000:0000:0000:0001:0003", // IPP2P
			"03000", // PP2P
		),
		Packets: packets(&wire.Logi{Endpoint: node}),
	},
	{
		Name: "LOGI of a node without IPv6", Accept: wire.Requests, // Addresses
		Raw: stream(
			"LOGI",
			"172.016.001.001|0000:0000:0000:0000:0000:ffff:ac10:0101", // the IPv4-mapped address
			"65535", // the last port
		),
		Packets: packets(&wire.Logi{Endpoint: must(p2p.EndpointAt(netip.MustParseAddrPort("172.16.1.1:65535")))}),
	},
	{
		Name: "LOGI with leading zeros that are not octal", Accept: wire.Requests, // Addresses
		Raw: stream(
			"LOGI",
			"010.008.099.010|2001:0db8:0000:0000:0000:0000:0000:0010",
			"00001",
		),
		Packets: packets(&wire.Logi{Endpoint: at("10.8.99.10", "2001:db8::10", 1)}),
	},
	{
		Name: "LOGI in capitals", Accept: wire.Requests, // Addresses
		Raw:     stream("LOGI", "172.016.001.003|FC00:0000:0000:0000:0000:ABcd:EF01:0003", "03000"),
		Packets: packets(&wire.Logi{Endpoint: at("172.16.1.3", "fc00::abcd:ef01:3", 3000)}),
		Sent:    stream("LOGI", "172.016.001.003|fc00:0000:0000:0000:0000:abcd:ef01:0003", "03000"),
	},
	{
		Name: "ALGI", Accept: wire.Answers,
		Raw: stream(
			"ALGI",
			"E1ACD0A7096D4F30", // SessionID
		),
		Packets: packets(&wire.Algi{Session: session}),
	},
	{
		Name: "ALGI that refuses", Accept: wire.Answers,
		Raw:     stream("ALGI", "0000000000000000"),
		Packets: packets(&wire.Algi{Session: refused}),
	},
	{
		Name: "ADFF", Accept: wire.Requests,
		Raw: stream(
			"ADFF",
			"E1ACD0A7096D4F30",                 // SessionID
			"5ac41043420bb95a80790b2ebc813727", // Filemd5
			right(100, "My Song.mp3"),          // Filename
		),
		Packets: packets(&wire.Adff{Session: session, File: md5, Name: "My Song.mp3"}),
	},
	{
		Name: "ADFF in UTF-8, padded to 100 bytes", Accept: wire.Requests, // Bytes and characters
		Raw:     stream("ADFF", rawSession, rawMD5, right(100, "Perché no.txt")),
		Packets: packets(&wire.Adff{Session: session, File: md5, Name: "Perché no.txt"}),
	},
	{
		Name: "ADFF in UTF-8, padded to 100 characters", Accept: wire.Requests, // Bytes and characters
		Raw:     stream("ADFF", rawSession, rawMD5, right(101, "Perché no.txt")),
		Packets: packets(&wire.Adff{Session: session, File: md5, Name: "Perché no.txt"}),
		Sent:    stream("ADFF", rawSession, rawMD5, right(100, "Perché no.txt")),
	},
	{
		Name: "ADFF padded on the left", Accept: wire.Requests, // Padding on either side
		Raw:     stream("ADFF", rawSession, rawMD5, left(100, "My Song.mp3")),
		Packets: packets(&wire.Adff{Session: session, File: md5, Name: "My Song.mp3"}),
		Sent:    stream("ADFF", rawSession, rawMD5, right(100, "My Song.mp3")),
	},
	{
		Name: "ADFF with the longest name", Accept: wire.Requests,
		Raw:     stream("ADFF", rawSession, rawMD5, strings.Repeat("x", 96)+".mp3"),
		Packets: packets(&wire.Adff{Session: session, File: md5, Name: p2p.FileName(strings.Repeat("x", 96) + ".mp3")}),
	},
	{
		Name: "ADFF with bytes that are not UTF-8, and MD5 in capitals", Accept: wire.Requests,
		Raw:     stream("ADFF", rawSession, strings.ToUpper(rawMD5), right(100, "perch\xe9\x00.txt")),
		Packets: packets(&wire.Adff{Session: session, File: md5, Name: "perch\xe9\x00.txt"}),
		Sent:    stream("ADFF", rawSession, rawMD5, right(100, "perch\xe9\x00.txt")),
	},
	{
		Name: "ADFF with an unknown session of zeros", Accept: wire.Requests,
		Raw:     stream("ADFF", "0000000000000000", rawMD5, right(100, "My Song.mp3")),
		Packets: packets(&wire.Adff{Session: refused, File: md5, Name: "My Song.mp3"}),
	},
	{
		Name: "DEFF", Accept: wire.Requests,
		Raw: stream(
			"DEFF",
			"E1ACD0A7096D4F30",                 // SessionID
			"5ac41043420bb95a80790b2ebc813727", // Filemd5
		),
		Packets: packets(&wire.Deff{Session: session, File: md5}),
	},
	{
		Name: "LOGO", Accept: wire.Requests,
		Raw: stream(
			"LOGO",
			"E1ACD0A7096D4F30", // SessionID
		),
		Packets: packets(&wire.Logo{Session: session}),
	},
	{
		Name: "ALGO", Accept: wire.Answers,
		Raw: stream(
			"ALGO",
			"002", // #delete
		),
		Packets: packets(&wire.Algo{Deleted: 2}),
	},
	{
		Name: "ALGO of an unknown session", Accept: wire.Answers,
		Raw:     stream("ALGO", "000"),
		Packets: packets(&wire.Algo{Deleted: 0}),
	},
	{
		Name: "ALGO that counts all it can", Accept: wire.Answers,
		Raw:     stream("ALGO", "999"),
		Packets: packets(&wire.Algo{Deleted: 999}),
	},
	{
		Name: "QUER", Accept: wire.Requests,
		Raw: stream(
			"QUER",
			"PKT0000000000001", // Pktid
			"172.016.001.003|fc00:0000:0000:0000:0000:0000:0001:0003", // IPP2P
			"04000",                // PP2P
			"05",                   // TTL
			"SONG                ", // Ricerca
		),
		Packets: packets(&wire.Quer{ID: pktid, Origin: at("172.16.1.3", "fc00::1:3", 4000), TTL: 5, Text: search("SONG")}),
	},
	{
		Name: "QUER for everything", Accept: wire.Requests,
		Raw:     stream("QUER", rawPktid, rawIPP, "03000", "99", "*                   "),
		Packets: packets(&wire.Quer{ID: pktid, Origin: node, TTL: 99, Text: search("*")}),
	},
	{
		Name: "QUER padded on the left", Accept: wire.Requests, // Padding on either side
		Raw:     stream("QUER", rawPktid, rawIPP, "03000", "05", left(20, "no such")),
		Packets: packets(&wire.Quer{ID: pktid, Origin: node, TTL: 5, Text: search("no such")}),
		Sent:    stream("QUER", rawPktid, rawIPP, "03000", "05", "no such             "),
	},
	{
		Name: "QUER without padding, wrapped", Accept: wire.Requests,
		Raw:     stream("QUER", rawPktid, rawIPP, "03000", "05", "%eighteen charactrs%"),
		Packets: packets(&wire.Quer{ID: pktid, Origin: node, TTL: 5, Text: search("%eighteen charactrs%")}),
	},
	{
		Name: "QUER for nothing in particular", Accept: wire.Requests,
		Raw:     stream("QUER", rawPktid, rawIPP, "03000", "05", right(20, "")),
		Packets: packets(&wire.Quer{ID: pktid, Origin: node, TTL: 5}),
	},
	{
		Name: "AQUE", Accept: wire.Requests,
		Raw: stream(
			"AQUE",
			"PKT0000000000001", // Pktid
			"172.016.001.003|fc00:0000:0000:0000:0000:0000:0001:0003", // IPP2P
			"03000",                            // PP2P
			"5ac41043420bb95a80790b2ebc813727", // Filemd5
			right(100, "nine_thousand.bin"),    // Filename
		),
		Packets: packets(&wire.Aque{ID: pktid, Owner: node, File: md5, Name: "nine_thousand.bin"}),
	},
	{
		Name: "AQUE in UTF-8, padded to 100 characters", Accept: wire.Requests, // Bytes and characters
		Raw:     stream("AQUE", rawPktid, rawIPP, "03000", rawMD5, right(102, "Perché Straße ж.txt")),
		Packets: packets(&wire.Aque{ID: pktid, Owner: node, File: md5, Name: "Perché Straße ж.txt"}),
		Sent:    stream("AQUE", rawPktid, rawIPP, "03000", rawMD5, right(100, "Perche Strasse _.txt")),
	},
	{
		Name: "AQUE padded on the left", Accept: wire.Requests, // Padding on either side
		Raw:     stream("AQUE", rawPktid, rawIPP, "03000", rawMD5, left(100, "hello.txt")),
		Packets: packets(&wire.Aque{ID: pktid, Owner: node, File: md5, Name: "hello.txt"}),
		Sent:    stream("AQUE", rawPktid, rawIPP, "03000", rawMD5, right(100, "hello.txt")),
	},
	{
		Name: "AQUE without padding", Accept: wire.Requests, Ends: true, // Padding on either side, or none
		Raw:     stream("AQUE", rawPktid, rawIPP, "03000", rawMD5, "hello.txt"),
		Packets: packets(&wire.Aque{ID: pktid, Owner: node, File: md5, Name: "hello.txt"}),
		Sent:    stream("AQUE", rawPktid, rawIPP, "03000", rawMD5, right(100, "hello.txt")),
	},
	{
		Name: "AQUE without padding, of 113 bytes", Accept: wire.Requests, Ends: true, // Padding on either side, or none
		Raw:     stream("AQUE", rawPktid, rawIPP, "03000", rawMD5, "x"),
		Packets: packets(&wire.Aque{ID: pktid, Owner: node, File: md5, Name: "x"}),
		Sent:    stream("AQUE", rawPktid, rawIPP, "03000", rawMD5, right(100, "x")),
	},
	{
		Name: "FIND", Accept: wire.Requests,
		Raw: stream(
			"FIND",
			"E1ACD0A7096D4F30",     // SessionID
			"song                ", // Ricerca
		),
		Packets: packets(&wire.Find{Session: session, Text: search("song")}),
	},
	{
		Name: "FIND padded on the left", Accept: wire.Requests, // Padding on either side
		Raw:     stream("FIND", rawSession, "                song"),
		Packets: packets(&wire.Find{Session: session, Text: search("song")}),
		Sent:    stream("FIND", rawSession, "song                "),
	},
	{
		Name: "AFIN", Accept: wire.Answers,
		Raw: stream(
			"AFIN",
			"002",                              // #idmd5
			"5ac41043420bb95a80790b2ebc813727", // Filemd5
			right(100, "Perché no.txt"),        // Filename
			"002",                              // #copy
			"172.016.001.003|fc00:0000:0000:0000:0000:0000:0001:0003", "03000", // IPP2P, PP2P
			"010.000.000.001|2001:0db8:0000:0000:0000:0000:0000:0001", "04000", // IPP2P, PP2P
			"02e0ce7b61c07a73ff15e2350adb593c", // Filemd5
			right(100, "ciao.txt"),             // Filename
			"001",                              // #copy
			"172.016.001.003|fc00:0000:0000:0000:0000:0000:0001:0003", "03000", // IPP2P, PP2P
		),
		Packets: packets(&wire.Afin{Entries: []wire.AfinEntry{
			{File: md5, Name: "Perché no.txt", Copies: []p2p.Endpoint{node, at("10.0.0.1", "2001:db8::1", 4000)}},
			{File: md5b, Name: "ciao.txt", Copies: []p2p.Endpoint{node}},
		}}),
	},
	{
		Name: "AFIN without a result", Accept: wire.Answers,
		Raw:     stream("AFIN", "000"),
		Packets: packets(&wire.Afin{}),
	},
	{
		Name: "AFIN with a file that nobody has", Accept: wire.Answers,
		Raw: stream("AFIN", "002", rawMD5, right(100, "a"), "000", rawMD5b, right(100, "b"), "001", rawIPP, "03000"),
		Packets: packets(&wire.Afin{Entries: []wire.AfinEntry{
			{File: md5, Name: "a"}, {File: md5b, Name: "b", Copies: []p2p.Endpoint{node}},
		}}),
	},
	{
		Name: "AFIN padded to 100 characters, and on the left", Accept: wire.Answers, // Bytes and characters
		Raw: stream("AFIN", "002",
			rawMD5, right(103, "Perché più.txt")+" ", "001", rawIPP, "03000",
			rawMD5b, left(100, "ciao.txt"), "001", rawIPP, "03000",
		),
		Packets: packets(&wire.Afin{Entries: []wire.AfinEntry{
			{File: md5, Name: "Perché più.txt", Copies: []p2p.Endpoint{node}},
			{File: md5b, Name: "ciao.txt", Copies: []p2p.Endpoint{node}},
		}}),
		Sent: stream("AFIN", "002",
			rawMD5, right(100, "Perché più.txt"), "001", rawIPP, "03000",
			rawMD5b, right(100, "ciao.txt"), "001", rawIPP, "03000",
		),
	},
	{
		Name: "AFIN with all the spaces that a name can bring", Accept: wire.Answers, // Bytes and characters
		Raw: stream("AFIN", "001", rawMD5, right(100, "𝄞"), right(300, ""), "001", rawIPP, "03000"),
		Packets: packets(&wire.Afin{Entries: []wire.AfinEntry{
			{File: md5, Name: "𝄞", Copies: []p2p.Endpoint{node}},
		}}),
		Sent: stream("AFIN", "001", rawMD5, right(100, "𝄞"), "001", rawIPP, "03000"),
	},
	{
		Name: "RETR", Accept: wire.Requests,
		Raw: stream(
			"RETR",
			"5ac41043420bb95a80790b2ebc813727", // Filemd5
		),
		Packets: packets(&wire.Retr{File: md5}),
	},
	{
		Name: "RETR in capitals", Accept: wire.Requests,
		Raw:     stream("RETR", strings.ToUpper(rawMD5)),
		Packets: packets(&wire.Retr{File: md5}),
		Sent:    stream("RETR", rawMD5),
	},
	{
		Name: "RETR of a raw digest", Accept: wire.Requests, // MD5 in RETR
		Raw:     stream("RETR", string(md5[:])),
		Packets: packets(&wire.Retr{File: md5}),
		Sent:    stream("RETR", rawMD5),
	},
	{
		Name: "RETR of a raw digest that looks like hex but for one byte", Accept: wire.Requests, // MD5 in RETR
		Raw:     stream("RETR", "0123456789abcde\x00"),
		Packets: packets(&wire.Retr{File: p2p.FileID([]byte("0123456789abcde\x00"))}),
		Sent:    stream("RETR", "30313233343536373839616263646500"),
	},
	{
		Name: "a stream of packets, with and without spaces between", Accept: wire.Requests, // Keep-alive or not
		Raw: stream(
			"  ", "LOGI", rawIPP, "03000",
			"ADFF", rawSession, rawMD5, right(100, "a.txt"), "   ",
			"RETR", string(md5[:]),
			"DEFF", rawSession, rawMD5, strings.Repeat(" ", 1000),
			"LOGO", rawSession, "  ",
		),
		Packets: packets(
			&wire.Logi{Endpoint: node},
			&wire.Adff{Session: session, File: md5, Name: "a.txt"},
			&wire.Retr{File: md5},
			&wire.Deff{Session: session, File: md5},
			&wire.Logo{Session: session},
		),
		Sent: stream(
			"LOGI", rawIPP, "03000",
			"ADFF", rawSession, rawMD5, right(100, "a.txt"),
			"RETR", rawMD5,
			"DEFF", rawSession, rawMD5,
			"LOGO", rawSession,
		),
	},
	{
		Name: "nothing", Accept: wire.Requests, Raw: nil, Sent: []byte{},
	},
	{
		Name: "only spaces", Accept: wire.Requests, Raw: []byte("     "), Sent: []byte{},
	},
	{
		Name: "LINK", Accept: wire.Requests,
		Raw: stream(
			"LINK",
			"02", // Version
			"172.016.001.003|fc00:0000:0000:0000:0000:0000:0001:0003", // IPP2P
			"03000", // PP2P
		),
		Packets: packets(&wire.Link{Version: wire.Version, Endpoint: node}),
	},
	{
		Name: "LINK of a version that is yet to come", Accept: wire.Requests,
		Raw:     stream("LINK", "99", rawIPP, "03000"),
		Packets: packets(&wire.Link{Version: 99, Endpoint: node}),
	},
	{
		Name: "ALNK", Accept: wire.LinkAnswers,
		Raw: stream(
			"ALNK",
			"01", // Version
			"172.016.001.003|fc00:0000:0000:0000:0000:0000:0001:0003", // IPP2P
			"03000",      // PP2P
			"0000086400", // Uptime
		),
		Packets: packets(&wire.Alnk{Version: 1, Endpoint: node, Uptime: 24 * time.Hour}),
	},
	{
		Name: "ALNK of a node that has always been up", Accept: wire.LinkAnswers,
		Raw:     stream("ALNK", "02", rawIPP, "03000", "9999999999"),
		Packets: packets(&wire.Alnk{Version: 2, Endpoint: node, Uptime: 9223372036 * time.Second}), // the longest Duration
		Sent:    stream("ALNK", "02", rawIPP, "03000", "9223372036"),
	},
	{
		Name: "PING", Accept: wire.Requests,
		Raw: stream(
			"PING",
			"PKT0000000000001", // Pktid
		),
		Packets: packets(&wire.Ping{ID: pktid}),
	},
	{
		Name: "PONG", Accept: wire.Answers,
		Raw: stream(
			"PONG",
			"PKT0000000000001", // Pktid
			"0000003600",       // Uptime
			"0000150",          // Sessions
			"0001000000",       // Files
		),
		Packets: packets(&wire.Pong{ID: pktid, Uptime: time.Hour, Sessions: 150, Files: 1_000_000}),
	},
	{
		Name: "DONE", Accept: wire.Links,
		Raw: stream(
			"DONE",
			"PKT0000000000001", // Pktid
			"C",                // State
		),
		Packets: packets(&wire.Done{ID: pktid, Complete: true}),
	},
	{
		Name: "DONE of which nobody knows", Accept: wire.Links,
		Raw:     stream("DONE", rawPktid, "U"),
		Packets: packets(&wire.Done{ID: pktid}),
	},
	{
		Name: "NACK", Accept: wire.LinkAnswers,
		Raw: stream(
			"NACK",
			"503",                 // Code
			right(100, "no room"), // Reason
		),
		Packets: packets(&wire.Nack{Code: 503, Reason: "no room"}),
	},
	{
		Name: "NACK padded on the left", Accept: wire.Answers, // Padding on either side
		Raw:     stream("NACK", "403", left(100, "not \xff here")),
		Packets: packets(&wire.Nack{Code: 403, Reason: "not \xff here"}),
		Sent:    stream("NACK", "403", right(100, "not \xff here")),
	},
	{
		Name: "NACK without a reason", Accept: wire.Answers,
		Raw:     stream("NACK", "000", right(100, "")),
		Packets: packets(&wire.Nack{}),
	},
	{
		Name: "FILT", Accept: wire.Links,
		Raw: stream(
			"FILT",
			"00000007",               // Generation
			"12",                     // LogBits
			"00000508",               // Offset
			"00004", "\x01\x00 \xff", // Lendata, data
		),
		Packets: packets(&wire.Filt{Generation: 7, LogBits: 12, Offset: 508, Data: []byte("\x01\x00 \xff")}),
	},
	{
		Name: "FILT that begins and says nothing", Accept: wire.Links,
		Raw:     stream("FILT", "99999999", "26", "00000000", "00000"),
		Packets: packets(&wire.Filt{Generation: 99_999_999, LogBits: 26}),
	},
	{
		Name: "FILT with all it can bring", Accept: wire.Links,
		Raw:     stream("FILT", "00000007", "26", "08355840", "32768", strings.Repeat("FILT", 8192)),
		Packets: packets(&wire.Filt{Generation: 7, LogBits: 26, Offset: 8_355_840, Data: []byte(strings.Repeat("FILT", 8192))}),
	},
	{
		Name: "DELT", Accept: wire.Links,
		Raw: stream(
			"DELT",
			"00000007",             // Generation
			"00002",                // #set
			"00001",                // #clear
			"00000000", "00004095", // Position of each that is set
			"67108863", // Position of each that is cleared
		),
		Packets: packets(&wire.Delt{Generation: 7, Set: []uint32{0, 4095}, Clear: []uint32{67_108_863}}),
	},
	{
		Name: "DELT that changes nothing", Accept: wire.Links,
		Raw:     stream("DELT", "00000007", "00000", "00000"),
		Packets: packets(&wire.Delt{Generation: 7}),
	},
	{
		Name: "DELT with all it can change", Accept: wire.Links,
		Raw: stream("DELT", "00000007", "08188", "00001", strings.Repeat("00000012", 8189)),
		Packets: packets(&wire.Delt{
			Generation: 7, Set: slices.Repeat([]uint32{12}, 8188), Clear: []uint32{12},
		}),
	},
}

// Bad are the vectors of streams that make no sense, or stop making it.
var Bad = []Vector{
	{Name: "unknown command", Accept: wire.Requests, Raw: stream("WHAT"), Reason: "unknown_command"},
	{Name: "small letters", Accept: wire.Requests, Raw: stream("logi", rawIPP, "03000"), Reason: "unknown_command"},
	{Name: "another protocol", Accept: wire.Requests, Raw: stream("GET / HTTP/1.1\r\n\r\n"), Reason: "unknown_command"},
	{Name: "a line end between packets", Accept: wire.Requests, Raw: stream("\r\nLOGO", rawSession), Reason: "unknown_command"},
	{Name: "an answer where requests come", Accept: wire.Requests, Raw: stream("ALGI", rawSession), Reason: "unknown_command"},
	{Name: "a request where answers come", Accept: wire.Answers, Raw: stream("LOGO", rawSession), Reason: "unknown_command"},
	{Name: "a file where packets come", Accept: wire.Requests | wire.Answers, Raw: stream("ARET000000"), Reason: "unknown_command"},
	{
		Name: "garbage behind a packet", Accept: wire.Requests,
		Raw:     stream("LOGO", rawSession, "garbage"),
		Packets: packets(&wire.Logo{Session: session}),
		Reason:  "unknown_command",
	},

	badField("Pktid in small letters", "SUPE", "Pktid", 4, "pkt0000000000001", rawIPP, "03000", "04"),
	badField("Pktid with a space", "ASUP", "Pktid", 4, "PKT 000000000001", rawIPP, "03000"),
	badField("SessionID in small letters", "LOGO", "SessionID", 4, "e1acd0a7096d4f30"),
	badField("SessionID of an answer", "ALGI", "SessionID", 4, "               0"),
	badField("octet above 255", "LOGI", "IPP2P", 4, "256.016.001.003|fc00:0000:0000:0000:0000:0000:0001:0003", "03000"),
	badField("octet with a sign", "LOGI", "IPP2P", 4, "+72.016.001.003|fc00:0000:0000:0000:0000:0000:0001:0003", "03000"),
	badField("octet padded with a space", "LOGI", "IPP2P", 4, "172. 16.001.003|fc00:0000:0000:0000:0000:0000:0001:0003", "03000"),
	badField("no dot", "LOGI", "IPP2P", 4, "172.016:001.003|fc00:0000:0000:0000:0000:0000:0001:0003", "03000"),
	badField("no bar", "LOGI", "IPP2P", 4, "172.016.001.003 fc00:0000:0000:0000:0000:0000:0001:0003", "03000"),
	badField("no colon", "LOGI", "IPP2P", 4, "172.016.001.003|fc00.0000:0000:0000:0000:0000:0001:0003", "03000"),
	badField("no hex digit", "LOGI", "IPP2P", 4, "172.016.001.003|fc0g:0000:0000:0000:0000:0000:0001:0003", "03000"),
	badField("short IPv6", "LOGI", "IPP2P", 4, "172.016.001.003|"+right(39, "fc00::1:3"), "03000"),
	badField("zone", "LOGI", "IPP2P", 4, "172.016.001.003|"+right(39, "fe80:0000:0000:0000:0000:0000:0:3%eth0"), "03000"),
	badField("unspecified IPv4", "LOGI", "IPP2P", 4, "000.000.000.000|fc00:0000:0000:0000:0000:0000:0001:0003", "03000"),
	badField("unspecified IPv6", "LOGI", "IPP2P", 4, "172.016.001.003|0000:0000:0000:0000:0000:0000:0000:0000", "03000"),
	badField("port 0", "LOGI", "PP2P", 59, rawIPP, "00000"),
	badField("port above 65535", "LOGI", "PP2P", 59, rawIPP, "65536"),
	badField("port padded with spaces", "LOGI", "PP2P", 59, rawIPP, " 3000"),
	badField("port with a sign", "ASUP", "PP2P", 75, rawPktid, rawIPP, "+3000"),
	badField("address and port: the first one counts", "LOGI", "IPP2P", 4, right(55, "localhost"), "00000"),
	badField("TTL with a space", "SUPE", "TTL", 80, rawPktid, rawIPP, "03000", " 4"),
	badField("TTL below 0", "QUER", "TTL", 80, rawPktid, rawIPP, "03000", "-1", right(20, "x")),
	badField("Filemd5 that is no hex", "DEFF", "Filemd5", 20, rawSession, "g"+rawMD5[1:]),
	badField("Filemd5 with spaces", "ADFF", "Filemd5", 20, rawSession, right(32, rawMD5[:30]), right(100, "a")),
	badField("Filemd5 of an AQUE", "AQUE", "Filemd5", 80, rawPktid, rawIPP, "03000", right(32, ""), right(100, "a")),
	badField("Filemd5 half in hex", "RETR", "Filemd5", 4, rawMD5[:16]+right(16, "")),
	badField("no Filename", "ADFF", "Filename", 52, rawSession, rawMD5, right(100, "")),
	badField("#delete that is no number", "ALGO", "#delete", 4, " 12"),
	badField("#idmd5 that is no number", "AFIN", "#idmd5", 4, "-01"),
	badField("Filemd5 of an entry", "AFIN", "Filemd5", 7, "001", "x"+rawMD5[1:], right(100, "a"), "000"),
	badField("no Filename of an entry", "AFIN", "Filename", 39, "001", rawMD5, right(100, ""), "000"),
	badField("#copy that is no number", "AFIN", "#copy", 139, "001", rawMD5, right(100, "a"), "x01"),
	badField("#copy with a space within", "AFIN", "#copy", 141, "001", rawMD5, right(102, "é"), "0 1"),
	badField("address of a copy", "AFIN", "IPP2P", 142, "001", rawMD5, right(100, "a"), "001", right(55, ""), "03000"),
	badField("port of the second copy", "AFIN", "PP2P", 257,
		"001", rawMD5, right(100, "a"), "002", rawIPP, "03000", rawIPP, "00000"),
	badField("Filemd5 of the second entry", "AFIN", "Filemd5", 142,
		"002", rawMD5, right(100, "a"), "000", right(32, ""), right(100, "a"), "000"),
	badField("Version with a sign", "LINK", "Version", 4, "+2", rawIPP, "03000"),
	badField("address", "LINK", "IPP2P", 6, "02", right(55, ""), "03000"),
	badField("port 0", "ALNK", "PP2P", 61, "02", rawIPP, "00000", "0000000000"),
	badField("Uptime with spaces", "ALNK", "Uptime", 66, "02", rawIPP, "03000", "       100"),
	badField("Pktid in small letters", "PING", "Pktid", 4, "pkt0000000000001"),
	badField("Uptime below 0", "PONG", "Uptime", 20, rawPktid, "-000000001", "0000000", "0000000000"),
	badField("Sessions that are no number", "PONG", "Sessions", 30, rawPktid, "0000000001", "       ", "0000000000"),
	badField("Files that are no number", "PONG", "Files", 37, rawPktid, "0000000001", "0000001", "1e9       "),
	badField("State in small letters", "DONE", "State", 20, rawPktid, "c"),
	badField("Code with a space", "NACK", "Code", 4, " 50", right(100, "")),
	badField("Generation that is no number", "FILT", "Generation", 4, "0000000x", "12", "00000000", "00000"),
	badField("LogBits with a sign", "FILT", "LogBits", 12, "00000007", "-1", "00000000", "00001", "x"),
	badField("Offset with spaces", "FILT", "Offset", 14, "00000007", "12", "       0", "00000"),
	badField("Lendata that is no number", "FILT", "Lendata", 22, "00000007", "12", "00000000", "0x001"),
	badField("more than it may bring", "FILT", "Lendata", 22, "00000007", "12", "00000000", "32769"),
	badField("Generation with a sign", "DELT", "Generation", 4, "+0000007", "00000", "00000"),
	badField("#set that is no number", "DELT", "#set", 12, "00000007", "    1", "00000"),
	badField("#clear that is no number", "DELT", "#clear", 17, "00000007", "00000", "-0001"),
	badField("more than it may set", "DELT", "#clear", 17, "00000007", "08190", "00000"),
	badField("more than it may change", "DELT", "#clear", 17, "00000007", "08000", "00190"),
	badField("the most that can be said", "DELT", "#clear", 17, "00000007", "99999", "99999"),
	badField("Position that is no number", "DELT", "Position", 30, "00000007", "00001", "00001", "00000001", "        "),
	{
		Name: "DONE where no link is", Accept: wire.Requests | wire.Answers | wire.LinkAnswers,
		Raw:    stream("DONE", rawPktid, "C"),
		Reason: "unknown_command",
	},
	{
		Name: "LINK on a link", Accept: wire.Links,
		Raw:    stream("LINK", "02", rawIPP, "03000"),
		Reason: "unknown_command",
	},
	{
		Name: "LOGI on a link", Accept: wire.Links,
		Raw:    stream("LOGI", rawIPP, "03000"),
		Reason: "unknown_command",
	},
	{
		Name: "FILT where no link is", Accept: wire.Requests | wire.Answers | wire.LinkAnswers,
		Raw:    stream("FILT", "00000007", "12", "00000000", "00000"),
		Reason: "unknown_command",
	},
	{
		Name: "end within a FILT", Accept: wire.Links, Ends: true,
		Raw:    stream("FILT", "00000007", "12", "00000000", "00002", "x"),
		Reason: "cut_short", Partial: wire.FILT,
	},
	{
		Name: "end within a DELT", Accept: wire.Links, Ends: true,
		Raw:    stream("DELT", "00000007", "00000", "00002", "00000001"),
		Reason: "cut_short", Partial: wire.DELT,
	},
	{
		Name: "too many spaces behind a name", Accept: wire.Answers,
		Raw:    stream("AFIN", "001", rawMD5, right(401, "a"), "001", rawIPP, "03000"),
		Reason: "too_long", Partial: wire.AFIN,
	},

	{Name: "end within a command", Accept: wire.Requests, Raw: stream("LO"), Ends: true, Reason: "cut_short"},
	{
		Name: "end within a packet", Accept: wire.Requests, Ends: true,
		Raw:    stream("LOGI", rawIPP),
		Reason: "cut_short", Partial: wire.LOGI,
	},
	{
		Name: "end within a RETR of hex digits", Accept: wire.Requests, Ends: true,
		Raw:    stream("RETR", rawMD5[:20]),
		Reason: "cut_short", Partial: wire.RETR,
	},
	{
		Name: "end within an AFIN", Accept: wire.Answers, Ends: true,
		Raw:    stream("AFIN", "002", rawMD5, right(100, "a"), "001", rawIPP, "03000"),
		Reason: "cut_short", Partial: wire.AFIN,
	},
	{
		Name: "end within an AQUE before its name", Accept: wire.Requests, Ends: true,
		Raw:    stream("AQUE", rawPktid, rawIPP, "03000", rawMD5),
		Reason: "cut_short", Partial: wire.AQUE,
	},
	{
		Name: "end within an AQUE of which the name is only padding", Accept: wire.Requests, Ends: true,
		Raw:    stream("AQUE", rawPktid, rawIPP, "03000", rawMD5, "   "),
		Reason: "malformed_field", Partial: wire.AQUE, Field: "Filename", Offset: 112,
	},
	{
		Name: "end within the second packet", Accept: wire.Requests, Ends: true,
		Raw:     stream("LOGO", rawSession, " ", "LOGO", rawSession[:15]),
		Packets: packets(&wire.Logo{Session: session}),
		Reason:  "cut_short", Partial: wire.LOGO,
	},
}

// badField is a packet of which one field, at offset, is not in its form.
func badField(name, command, field string, offset int64, rest ...string) Vector {
	return Vector{
		Name: command + ": " + name, Accept: everything,
		Raw:    stream(append([]string{command}, rest...)...),
		Reason: "malformed_field", Partial: wire.Command([]byte(command)), Field: field, Offset: offset,
	}
}

func stream(fields ...string) []byte { return []byte(strings.Join(fields, "")) }

func packets(p ...wire.Packet) []wire.Packet { return p }

// right pads s with spaces on the right to width bytes.
func right(width int, s string) string { return s + strings.Repeat(" ", width-len(s)) }

// left pads s with spaces on the left to width bytes.
func left(width int, s string) string { return strings.Repeat(" ", width-len(s)) + s }

func at(v4, v6 string, port uint16) p2p.Endpoint {
	return must(p2p.NewEndpoint(netip.MustParseAddr(v4), netip.MustParseAddr(v6), port))
}

func search(s string) p2p.SearchText { return must(p2p.NewSearchText(s)) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
