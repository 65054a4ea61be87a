package world

import (
	"fmt"
	"strings"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/cmd/alakalab/record"
)

// disk is what one life of a node sees of its host's files. What it has downloaded is looked at and thrown away.
type disk struct {
	h     *host
	life  *life
	owner *actor.PID
	kept  map[p2p.FileID]p2p.FileID // what came of downloads
}

func (d *disk) tell(to *actor.PID, m any) {
	if to != nil && !d.life.over {
		d.h.w.sim.System.Root.Send(to, m)
	}
}

// answer is tell for who has not the laboratory's lock.
func (d *disk) answer(to *actor.PID, m any) {
	d.h.w.sim.Lock()
	defer d.h.w.sim.Unlock()
	d.tell(to, m)
}

// shared is file number f as the disk reports it.
func (d *disk) shared(f int) port.SharedFile {
	file := d.h.w.files[f]
	return port.SharedFile{File: file.id, Name: file.name, Path: fmt.Sprintf("%d/%d", d.h.i, f), Size: file.size}
}

// Watch implements port.Disk.
func (d *disk) Watch(owner *actor.PID) {
	d.h.w.sim.Lock()
	defer d.h.w.sim.Unlock()
	d.owner = owner
	if n := len(d.h.files); n > 0 {
		found := make([]port.SharedFile, n)
		for i, f := range d.h.files {
			found[i] = d.shared(f)
		}
		d.tell(owner, &port.ShareChanged{Found: found})
	}
	d.tell(owner, &port.ShareProgress{Files: len(d.h.files), TotalFiles: len(d.h.files)})
}

// put shares a file.
func (h *host) put(f int) {
	h.files = append(h.files, f)
	if h.up {
		h.disk.tell(h.disk.owner, &port.ShareChanged{Found: []port.SharedFile{h.disk.shared(f)}})
	}
}

// remove takes the i-th shared file away.
func (h *host) remove(i int) {
	f := h.files[i]
	h.files = append(h.files[:i:i], h.files[i+1:]...)
	if h.up {
		h.disk.tell(h.disk.owner, &port.ShareChanged{Gone: []port.SharedFile{h.disk.shared(f)}})
	}
}

// StopWatching implements port.Disk.
func (d *disk) StopWatching() {
	d.h.w.sim.Lock()
	defer d.h.w.sim.Unlock()
	d.owner = nil
}

// Share implements port.Disk; a simulated disk has no other paths.
func (d *disk) Share(paths []string, owner *actor.PID) {
	d.answer(owner, &port.ShareEdited{Unknown: paths})
}

// Unshare implements port.Disk; a simulated disk keeps no list.
func (d *disk) Unshare(paths []string, _ []p2p.FileID, owner *actor.PID) {
	d.answer(owner, &port.ShareEdited{Unknown: paths})
}

// Partial implements port.Disk.
func (d *disk) Partial(f p2p.FileID) string { return fmt.Sprintf("%d/partial/%s", d.h.i, f) }

// Keep implements port.Disk.
func (d *disk) Keep(f p2p.FileID, name string, owner *actor.PID) {
	d.h.w.sim.Lock()
	defer d.h.w.sim.Unlock()
	got := d.h.w.net.Take(d.Partial(f))
	w, is := d.h.w, sum(got)
	if is != f {
		w.hit(record.FilesWrong, "%s asked for %s and keeps %s", d.h.name, f, is)
	}
	if i, known := w.truth.byID[f]; known && int64(len(got)) < w.files[i].size {
		w.hit(record.FilesPartial, "%s keeps %d of the %d bytes of %s", d.h.name, len(got), w.files[i].size, f)
	}
	if strings.ContainsAny(name, "/\\\x00") || name == ".." {
		w.hit(record.FilesOutside, "%s keeps %s as %q", d.h.name, f, name)
	}
	if d.kept == nil {
		d.kept = make(map[p2p.FileID]p2p.FileID)
	}
	d.kept[f] = is
	d.tell(owner, &port.Kept{Path: fmt.Sprintf("%d/kept/%s", d.h.i, name)})
}

// Discard implements port.Disk.
func (d *disk) Discard(f p2p.FileID) { d.h.w.net.Take(d.Partial(f)) }

// Have implements port.Disk. A download that was finished once is begun anew, so that each one is measured.
func (d *disk) Have(_ p2p.FileID, _ string, owner *actor.PID) { d.answer(owner, &port.Kept{}) }

// read is the content of a shared file, for the network.
func (w *World) read(path string) ([]byte, bool) {
	var i, f int
	if n, err := fmt.Sscanf(path, "%d/%d", &i, &f); n != 2 || err != nil || i < 0 || i >= len(w.hosts) || f < 0 || f >= len(w.files) {
		return nil, false
	}
	return content(w.files[f].id, w.files[f].size), true
}
