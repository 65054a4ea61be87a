package port

import (
	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/p2p"
)

// Disk is the shared files and the download folder.
type Disk interface {
	// Watch looks through everything that is shared, then keeps watching it. owner gets a *ShareChanged for every
	// change, the first look included, and *ShareProgress while files are hashed. A later Watch takes the place of an
	// earlier one and starts from nothing, as a restarted owner needs.
	Watch(owner *actor.PID)
	// StopWatching ends Watch.
	StopWatching()
	// Share adds paths to what is shared, Unshare takes paths or files away (the files themselves stay). Both last over
	// restarts, and end in a *ShareEdited to owner; the changes that follow come as *ShareChanged.
	Share(paths []string, owner *actor.PID)
	Unshare(paths []string, files []p2p.FileID, owner *actor.PID)

	// Partial is the path under which a file is kept while it is downloaded.
	Partial(f p2p.FileID) string
	// Keep moves a complete partial file to its final name in the download folder, or to a similar one where that name
	// is taken, and sends owner a *Kept. name must be a plain file name.
	Keep(f p2p.FileID, name string, owner *actor.PID)
	// Discard removes a partial file.
	Discard(f p2p.FileID)
	// Have looks for a finished download of f and sends owner a *Kept: its Path is empty where there is none.
	Have(f p2p.FileID, name string, owner *actor.PID)
}

// SharedFile is one file that this node serves.
type SharedFile struct {
	File p2p.FileID
	Name p2p.FileName
	Path string
	Size int64
}

// ShareChanged lists files that are now served and paths that no longer are. Gone comes before Found: a file whose
// content changed is in both.
type ShareChanged struct {
	Gone  []SharedFile
	Found []SharedFile
}

// ShareProgress says how much of what is shared has been looked through. The look is complete when Files == TotalFiles;
// that is said once everything found has been reported.
type ShareProgress struct {
	Files, TotalFiles int
	Bytes, TotalBytes int64
}

// ShareEdited ends Share and Unshare. Unknown lists what was named and is not there.
type ShareEdited struct {
	Paths   []string
	Unknown []string
	Err     error
}

// Kept ends Keep and Have.
type Kept struct {
	Path string
	Err  error
}
