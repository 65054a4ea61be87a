package gateway_test

import "bytes"

// script is a script by hand: each is a conversation of the protocol, a habit of the programs in the field, or a way to
// be a nuisance. The first byte is the world, then come steps.
type script struct {
	what string
	in   []byte
}

// s puts a script together.
func s(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func b(in ...byte) []byte { return in }

// Beginnings that most scripts share.
var (
	atSuper   = b(doOpen, 0, 0)            // the first host connects to the supernode
	loggedIn  = s(atSuper, b(doLogi, 0))   // and logs in
	aFile     = b(doAdff, 0, 3, 2)         // publishes
	findAll   = b(doFind, 0, 0)            // searches for everything
	second    = b(doOpen, 1, 0, doLogi, 0) // the host where nobody listens logs in
	toPeer    = b(doOpen, 0, 2)            // the first host connects to the peer
	oneWrite  = b(doTogether)              // begins or ends a single write
	window    = b(doWait, 3)               // long enough for a search that waits for neighbors
	fromAfar  = b(doOpen, 2, 0)            // the distant host connects
	unpadded  = b(doAque, 3, 0, 4, 0, 1)   // an AQUE without padding
	slowly    = s(loggedIn, b(doWait, 2))  // waits until a slow store has kept the login
	published = s(loggedIn, aFile, b(doAdff, 0, 4, 6))
)

var scripts = []script{
	// Conversations.
	{"login, publish, find, withdraw, logout", s(b(0), published, findAll, b(doDeff, 0, 3), findAll, b(doLogo, 0, doLogo, 0))},
	{"login again, from elsewhere, and in another's name", s(b(0), loggedIn, b(doLogi, 0, doOpen, 0, 0, doLogi, 0, doLogi, 7, doOpen, 0, 0, doLogi, 12))},
	{"every file, and one that nobody shares", s(b(0), atSuper, b(doRetr, 0, 0, doRetr, 1, 1, doRetr, 2, 2, doRetr, 5, 0))},
	{"a file shared and taken away while it is asked for", s(b(0), atSuper, b(doShare, 4, doRetr, 4, 0, doUnshare, 4, doRetr, 4, 0))},
	{"a search for supernodes, twice", s(b(withNeighbor), atSuper, b(doSupe, 0, 0, 0, doSupe, 0, 0, 0, doSupe, 1, 16, 1, doAsup, 3, 8))},
	{"a query, twice, with every TTL", s(b(withNeighbor), published, b(doQuer, 0, 0, 0, 0, doQuer, 0, 0, 0, 0, doQuer, 1, 0, 1, 1, doQuer, 2, 0, 3, 0))},
	{"a search that a neighbor answers", s(b(withNeighbor), loggedIn, findAll, b(doOpen, 1, 0), unpadded, b(doHalfClose, doOpen, 1, 0, doAque, 3, 12, 3, 1, 0), window)},
	{"answers that nobody waits for", s(b(0), atSuper, b(doAque, 0, 0, 0, 0, 0, doAsup, 0, 0, doAque, 1, 4, 1, 5, 1, doHalfClose))},
	{"two peers with the same file", s(b(0), loggedIn, aFile, second, b(doAdff, 0, 3, 0), findAll, b(doTurn, 0, doFind, 1, 4, doLogo, 1, doTurn, 1), findAll)},
	{"requests under sessions that nobody has", s(b(0), atSuper, b(doAdff, 6, 0, 0, doDeff, 7, 0, doLogo, 6, doLogo, 7, doFind, 7, 0))},
	// A peer.
	{"everything said to a peer", s(b(withPeer), toPeer, b(doSupe, 0, 0, 0, doAsup, 0, 0, doQuer, 0, 0, 0, 0, doAque, 0, 0, 0, 0, 0, doAdff, 0, 0, 0, doLogo, 0, doRetr, 1, 0, doLogi, 0))},
	{"a search at a peer, a file that it has not", s(b(withPeer), toPeer, b(doFind, 0, 0), toPeer, b(doRetr, 0, 0))},
	{"what a peer shares is found", s(b(withPeer|withNeighbor), loggedIn, b(doFind, 0, 1), window, b(doLogo, 0))},
	// Bytes.
	{"all in one write", s(b(0), loggedIn, oneWrite, aFile, b(doFind, 0, 4), aFile, b(doDeff, 0, 3), findAll, b(doRetr, 1, 0, doLogo, 0, doLogi, 0), oneWrite)},
	{"one byte at a time", s(b(inBytes), published, findAll, b(doRetr, 1, 2, doSpaces, 9, doLogo, 0))},
	{"in pieces", s(b(inPieces|withNeighbor), published, oneWrite, findAll, findAll, aFile, b(doQuer, 0, 0, 0, 0, doLogo, 0), oneWrite, window)},
	{"cut in the command, in a field, at the end", s(b(0), atSuper, b(doCut, 2, doLogi, 0, doCut, 40, doAdff, 0, 3, 2, doCut, 39), findAll, b(doCut, 18, doRetr, 1, 0))},
	{"names padded as characters, spaces between packets", s(b(0), loggedIn, oneWrite, aFile, b(doSpaces, 100, doAdff, 0, 0, 3, doSpaces, 1), findAll, oneWrite)},
	{"names of every kind", s(b(0), loggedIn, b(doAdff, 0, 0, 3, doAdff, 0, 1, 4, doAdff, 0, 2, 5, doAdff, 0, 3, 7, doFind, 0, 6, doFind, 0, 7, doFind, 0, 2), b(doQuer, 0, 0, 0, 7))},
	{"fields that are none", s(b(0), loggedIn, b(doFlip, 5, 0x80, doAdff, 0, 0, 0), atSuper, b(doFlip, 10, 1, doLogi, 0), atSuper, b(doFlip, 22, 0xff, doRetr, 0, 0), atSuper, b(doQuer, 0, 0, 5, 0))},
	{"what only servers say", s(b(0), atSuper, b(doServer, 0), atSuper, b(doServer, 2), atSuper, b(doServer, 3), loggedIn, b(doServer, 4), atSuper, b(doServer, 6))},
	{"bytes without sense", s(b(0), atSuper, b(doRaw, 7, 0, 0xff, 'L', 'O', 'G', 'I', 9), loggedIn, findAll, b(doRaw, 3, 'F', 'I', 'N'), b(doHalfClose))},
	{"half a login, half a request, and the end", s(b(0), atSuper, b(doRaw, 6, 'L', 'O', 'G', 'I', '0', '1', doHalfClose), atSuper, b(doRaw, 5, 'R', 'E', 'T', 'R', 'a', doWait, 4), loggedIn, b(doRaw, 4, 'Q', 'U', 'E', 'R', doWait, 6))},
	{"answers that are ready before their turn", s(b(withNeighbor), loggedIn, aFile, oneWrite, findAll, b(doLogi, 0, doRetr, 1, 0, doFind, 0, 1, doRetr, 2, 0, doLogo, 0), oneWrite, window, window)},
	// Patience.
	{"silence at once, later, and between bytes", s(b(0), atSuper, loggedIn, b(doOpen, 1, 0, doRaw, 1, 'L', doWait, 2, doRaw, 1, 'O', doWait, 4, doRaw, 1, 'G', doWait, 6, doTurn, 1), findAll)},
	{"half closed with a search open", s(b(withNeighbor), loggedIn, findAll, aFile, b(doHalfClose), window)},
	{"a search behind one that ends the connection", s(b(withNeighbor), loggedIn, oneWrite, b(doFind, 7, 0), findAll, oneWrite)},
	{"gone with a search open", s(b(withNeighbor), loggedIn, findAll, b(doAbort), loggedIn, findAll, b(doLeave), window)},
	{"gone with an upload open", s(b(0), fromAfar, b(doRetr, 2, 0, doWait, 2, doAbort, doWait, 3))},
	{"gone while another's upload is waited for", s(b(withTightLimits), fromAfar, b(doRetr, 2, 0, doWait, 3), atSuper, b(doRetr, 1, 0, doAbort, doWait, 3))},
	{"who does not read", s(b(0), published, b(doHold, doAgain, 30), findAll, b(doRetr, 2, 0, doWait, 2, doHold))},
	{"uploads that wait for their turn", s(b(withTightLimits), fromAfar, b(doAgain, 3, doRetr, 2, 0), b(doOpen, 2, 0, doRetr, 1, 0, doOpen, 0, 0, doRetr, 1, 0, doOpen, 1, 0, doRetr, 0, 0, doWait, 4, doTurn, 1, doAbort))},
	{"peers that cannot be reached", s(b(withProbes), second, aFile, b(doOpen, 0, 0, doLogi, 0), b(doAdff, 0, 1, 0, doWait, 6, doWait, 5, doOpen, 1, 0), findAll, b(doOpen, 0, 0), b(doFind, 1, 0))},
	// Floods.
	{"more searches than the window has room for", s(b(withNeighbor), loggedIn, b(doAgain, 200), findAll, aFile, window, findAll, window)},
	{"more searches at once than are allowed", s(b(withTightLimits|withNeighbor), loggedIn, b(doAgain, 9), findAll, window, loggedIn, findAll)},
	{"sense, and then none", s(b(withNeighbor), published, findAll, b(doRaw, 4, 'W', 'H', 'A', 'T'), findAll, window)},
	{"thousands of publications", s(b(withSlowStore), slowly, b(doAgain, 255, doAdff, 0, 3, 2, doAgain, 255, doAdff, 0, 4, 0, doAgain, 255, doDeff, 0, 3), findAll)},
	{"more of everything than is allowed", s(b(withTightLimits|withSlowStore), slowly, b(doAdff, 0, 0, 0, doAdff, 0, 1, 0, doAdff, 0, 2, 0, doAdff, 0, 3, 0), findAll, second, b(doWait, 2), b(doOpen, 2, 0, doLogi, 0, doWait, 4, doOpen, 0, 0, doOpen, 0, 0, doOpen, 0, 0))},
	{"queries in the name of others", s(b(withTightLimits), atSuper, b(doQuer, 0, 12, 0, 0, doQuer, 1, 20, 0, 0, doQuer, 2, 28, 0, 0, doSupe, 0, 28, 0, doSupe, 1, 28, 0, doSupe, 2, 44, 0), second, b(doAgain, 9), findAll)},
	{"publications, searches and a logout that cross", s(b(withSlowStore|withNeighbor), slowly, b(doOpen, 0, 0), oneWrite, aFile, findAll, b(doLogo, 0), aFile, oneWrite, b(doTurn, 0), oneWrite, findAll, b(doLogi, 0), aFile, oneWrite, window, findAll)},
	{"a store that is slow, and a peer that leaves", s(b(withSlowStore), atSuper, b(doLogi, 0, doLeave), slowly, aFile, b(doAbort), slowly, b(doLogo, 0, doAbort), slowly, findAll)},
}
