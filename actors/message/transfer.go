package message

import (
	"net/netip"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// Retrieve asks for a shared file (RETR). Answered by Serve, at once or when an upload slot is free. The connection that
// got a Serve without Err gives the slot back with UploadEnded.
type Retrieve struct {
	Ref     Ref
	File    p2p.FileID
	From    netip.Addr
	ReplyTo *actor.PID
}

// RetrieveGone takes a Retrieve back: its connection has ended.
type RetrieveGone struct {
	Ref     Ref
	ReplyTo *actor.PID
}

// Serve answers Retrieve.
type Serve struct {
	Ref  Ref
	File port.SharedFile
	Err  error // what the other side is told, as one line
}

// UploadEnded gives an upload slot back.
type UploadEnded struct {
	Ref     Ref
	ReplyTo *actor.PID // who got the Serve
	Bytes   int64
	Err     error
}

// Subscribe asks the share for everything that is shared, as ShareUpdates, and for all changes from then on.
type Subscribe struct {
	ReplyTo *actor.PID
}

// ShareUpdate lists changes of what this node shares, in order.
type ShareUpdate struct {
	Reset   bool // first of a subscription: what was known before is void
	Changes []Publication
}

// ShareEdit adds paths to what is shared, or takes paths and files away. Answered by ShareEditDone.
type ShareEdit struct {
	Ref     Ref
	Add     []string
	Remove  []string
	Files   []p2p.FileID
	ReplyTo *actor.PID
}

// ShareEditDone answers ShareEdit.
type ShareEditDone struct {
	Ref     Ref
	Paths   []string
	Unknown []string
	Err     error
}

// ListShares asks for the shared files. Answered by Shares.
type ListShares struct {
	Ref     Ref
	ReplyTo *actor.PID
}

// Shares answers ListShares.
type Shares struct {
	Ref   Ref
	Files []port.SharedFile
}

// Download fetches a file from the first owner that gives it whole. Answered by DownloadState right away and whenever
// it changes, until Ended is true.
type Download struct {
	Ref     Ref
	File    p2p.FileID
	Name    p2p.FileName
	Owners  []p2p.Endpoint
	ReplyTo *actor.PID
}

// CancelDownload ends a download; its partial file goes. Answered by DownloadState to who began it.
type CancelDownload struct {
	File p2p.FileID
}

// DownloadState tells how a download stands.
type DownloadState struct {
	Ref      Ref           `json:"-"`
	File     p2p.FileID    `json:"md5"`
	Name     p2p.FileName  `json:"name"`
	From     p2p.Endpoint  `json:"from"` // the owner asked now
	Tried    int           `json:"tried"`
	Owners   int           `json:"owners"`
	Bytes    int64         `json:"bytes"`
	Expected int64         `json:"expected"` // -1 as long as it is not known
	Elapsed  time.Duration `json:"elapsed_ns"`
	Ended    bool          `json:"ended"`
	Path     string        `json:"path,omitempty"`  // where the file is, once it is there
	Error    string        `json:"error,omitempty"` // why it failed
}
