package actortest

import (
	"crypto/md5"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// Disk is a port.Disk whose files are those of a Net. Put shares one.
type Disk struct {
	net    *Net
	dir    string
	shared []port.SharedFile
	owner  *actor.PID
	kept   map[p2p.FileID]string
}

// NewDisk makes an empty disk; dir tells its paths from those of others.
func (n *Net) NewDisk(dir string) *Disk {
	return &Disk{net: n, dir: dir, kept: make(map[p2p.FileID]string)}
}

// Put shares a file with this name and content.
func (d *Disk) Put(name string, content []byte) p2p.FileID {
	n, err := p2p.NewFileName(name)
	if err != nil {
		panic(err)
	}
	f := port.SharedFile{File: p2p.FileID(md5.Sum(content)), Name: n, Path: d.dir + "/" + name, Size: int64(len(content))}
	d.net.Files[f.Path] = content
	d.shared = append(d.shared, f)
	d.tell(&port.ShareChanged{Found: []port.SharedFile{f}})
	return f.File
}

// Remove takes a shared file away.
func (d *Disk) Remove(name string) {
	for i, f := range d.shared {
		if string(f.Name) == name {
			delete(d.net.Files, f.Path)
			d.shared = append(d.shared[:i:i], d.shared[i+1:]...)
			d.tell(&port.ShareChanged{Gone: []port.SharedFile{f}})
			return
		}
	}
}

func (d *Disk) tell(m any) {
	if d.owner != nil {
		d.net.sim.System.Root.Send(d.owner, m)
	}
}

// Watch implements port.Disk.
func (d *Disk) Watch(owner *actor.PID) {
	d.owner = owner
	if len(d.shared) > 0 {
		d.tell(&port.ShareChanged{Found: append([]port.SharedFile(nil), d.shared...)})
	}
	d.tell(&port.ShareProgress{Files: len(d.shared), TotalFiles: len(d.shared)})
}

// StopWatching implements port.Disk.
func (d *Disk) StopWatching() { d.owner = nil }

// Share implements port.Disk; a simulated disk has no other paths.
func (d *Disk) Share(paths []string, owner *actor.PID) {
	d.net.sim.System.Root.Send(owner, &port.ShareEdited{Unknown: paths})
}

// Unshare implements port.Disk; a simulated disk keeps no list.
func (d *Disk) Unshare(paths []string, _ []p2p.FileID, owner *actor.PID) {
	d.net.sim.System.Root.Send(owner, &port.ShareEdited{Unknown: paths})
}

// Partial implements port.Disk.
func (d *Disk) Partial(f p2p.FileID) string { return d.dir + "/.partial/" + f.String() }

// Keep implements port.Disk.
func (d *Disk) Keep(f p2p.FileID, name string, owner *actor.PID) {
	path := d.dir + "/" + name
	d.net.Files[path] = d.net.Files[d.Partial(f)]
	d.Discard(f)
	d.kept[f] = path
	d.net.sim.System.Root.Send(owner, &port.Kept{Path: path})
}

// Discard implements port.Disk.
func (d *Disk) Discard(f p2p.FileID) { delete(d.net.Files, d.Partial(f)) }

// Have implements port.Disk.
func (d *Disk) Have(f p2p.FileID, _ string, owner *actor.PID) {
	d.net.sim.System.Root.Send(owner, &port.Kept{Path: d.kept[f]})
}
