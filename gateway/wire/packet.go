package wire

// Packet is one packet of the protocol. The types that implement it are pointers: *Supe, *Logi and so on.
type Packet interface {
	// Command is the packet's first four bytes.
	Command() Command
	// Append adds the packet to dst in the form in which it is sent, which is always the exact width of the tables.
	Append(dst []byte) []byte
}

// Command is the first field of a packet: four ASCII capitals. The zero value is no command.
type Command [commandLen]byte

// The commands, those of the base packets first.
var (
	SUPE = Command{'S', 'U', 'P', 'E'}
	ASUP = Command{'A', 'S', 'U', 'P'}
	LOGI = Command{'L', 'O', 'G', 'I'}
	ALGI = Command{'A', 'L', 'G', 'I'}
	ADFF = Command{'A', 'D', 'F', 'F'}
	DEFF = Command{'D', 'E', 'F', 'F'}
	LOGO = Command{'L', 'O', 'G', 'O'}
	ALGO = Command{'A', 'L', 'G', 'O'}
	QUER = Command{'Q', 'U', 'E', 'R'}
	AQUE = Command{'A', 'Q', 'U', 'E'}
	FIND = Command{'F', 'I', 'N', 'D'}
	AFIN = Command{'A', 'F', 'I', 'N'}
	RETR = Command{'R', 'E', 'T', 'R'}
	ARET = Command{'A', 'R', 'E', 'T'}
	LINK = Command{'L', 'I', 'N', 'K'}
	ALNK = Command{'A', 'L', 'N', 'K'}
	PING = Command{'P', 'I', 'N', 'G'}
	PONG = Command{'P', 'O', 'N', 'G'}
	DONE = Command{'D', 'O', 'N', 'E'}
	NACK = Command{'N', 'A', 'C', 'K'}
	FILT = Command{'F', 'I', 'L', 'T'}
	DELT = Command{'D', 'E', 'L', 'T'}
)

// String gives the four letters, or "none" for the zero value.
func (c Command) String() string {
	if c == (Command{}) {
		return "none"
	}
	return string(c[:])
}

// Size is how many bytes a packet of this command has at least; 0 where that is not known.
func (c Command) Size() int {
	if l := layoutOf(c, Requests|Answers|Links|LinkAnswers); l != nil {
		return l.size
	}
	return 0
}

// Set is a set of commands that a Decoder accepts. Sets are joined with |.
type Set uint32

const (
	// Requests are the packets that open a conversation or are sent with none: what comes in on a connection that
	// somebody else opened. ASUP and AQUE are among them, because they come on connections of their own.
	Requests Set = 1<<supe | 1<<asup | 1<<logi | 1<<adff | 1<<deff | 1<<logo | 1<<quer | 1<<aque | 1<<find | 1<<retr | 1<<link | 1<<ping

	// Answers are the packets that come back on the connection of the request. ARET is not among them: it is read by an
	// AretReader.
	Answers Set = 1<<algi | 1<<algo | 1<<afin | 1<<pong | 1<<nack

	// LinkAnswers are what LINK is answered with.
	LinkAnswers Set = 1<<alnk | 1<<nack

	// Links are the packets that come on a link, in both directions.
	Links Set = 1<<supe | 1<<asup | 1<<quer | 1<<aque | 1<<done | 1<<ping | 1<<pong | 1<<filt | 1<<delt
)

// Numbers of the packets in layouts and of their bits in a Set.
const (
	supe = iota
	asup
	logi
	algi
	adff
	deff
	logo
	algo
	quer
	aque
	find
	afin
	retr
	link
	alnk
	ping
	pong
	done
	nack
	filt
	delt
)

// layout is what the Decoder has to know of a packet.
type layout struct {
	command Command
	// size is how many bytes there are at least. For a packet without repetition it is the size.
	size int
	// more gives the size by the first bytes, where size is not the last word. Where these say what cannot be it gives
	// size, and decode says why.
	more func(b []byte) int
	// decode reads the fields of a whole packet. It keeps nothing of b. AFIN is read bit by bit instead.
	decode func(b []byte) (Packet, error)
}

var layouts = [...]layout{
	supe: {command: SUPE, size: supeLen, decode: decodeSupe},
	asup: {command: ASUP, size: asupLen, decode: decodeAsup},
	logi: {command: LOGI, size: logiLen, decode: decodeLogi},
	algi: {command: ALGI, size: algiLen, decode: decodeAlgi},
	adff: {command: ADFF, size: adffLen, decode: decodeAdff},
	deff: {command: DEFF, size: deffLen, decode: decodeDeff},
	logo: {command: LOGO, size: logoLen, decode: decodeLogo},
	algo: {command: ALGO, size: algoLen, decode: decodeAlgo},
	quer: {command: QUER, size: querLen, decode: decodeQuer},
	aque: {command: AQUE, size: aqueLen, decode: decodeAque},
	find: {command: FIND, size: findLen, decode: decodeFind},
	afin: {command: AFIN, size: afinHeadLen},
	retr: {command: RETR, size: retrRawLen, more: retrLen, decode: decodeRetr},
	link: {command: LINK, size: linkLen, decode: decodeLink},
	alnk: {command: ALNK, size: alnkLen, decode: decodeAlnk},
	ping: {command: PING, size: pingLen, decode: decodePing},
	pong: {command: PONG, size: pongLen, decode: decodePong},
	done: {command: DONE, size: doneLen, decode: decodeDone},
	nack: {command: NACK, size: nackLen, decode: decodeNack},
	filt: {command: FILT, size: filtHeadLen, more: filtLen, decode: decodeFilt},
	delt: {command: DELT, size: deltHeadLen, more: deltLen, decode: decodeDelt},
}

// layoutOf finds the layout for a command; nil if there is none, or none in the set.
func layoutOf(c Command, accept Set) *layout {
	for i := range layouts {
		if layouts[i].command == c && accept&(1<<i) != 0 {
			return &layouts[i]
		}
	}
	return nil
}
