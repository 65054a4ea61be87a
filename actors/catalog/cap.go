package catalog

import (
	"net/netip"

	"alakazaam/actors/p2p"
	"alakazaam/actors/text"
)

// onlyHost is the one host that has a file; not valid where several have it.
func (x *index) onlyHost(f *file) netip.Addr {
	var only netip.Addr
	for i, c := range f.copies {
		host := p2p.HostOf(x.sessions[c.session].endpoint.Host())
		if i > 0 && host != only {
			return netip.Addr{}
		}
		only = host
	}
	return only
}

// crowded says whether there are files past the cap of their only host. Otherwise the cap changes nothing, and there is no need
// to look again.
func (x *index) crowded(files []*file, perOwner int) bool {
	alone := make(map[netip.Addr]int)
	for _, f := range files {
		if host := x.onlyHost(f); host.IsValid() {
			if alone[host]++; alone[host] > perOwner {
				return true
			}
		}
	}
	return false
}

// capped is the first files where those past the cap of their only host stand behind the others. best are the first ones
// without the cap.
func (x *index) capped(w wanted, p text.Pattern, best []*file) []*file {
	front := first{limit: w.limit}
	alone := make(map[netip.Addr]*first)
	var hosts []*first
	x.each(w, p, func(f *file) {
		host := x.onlyHost(f)
		if !host.IsValid() {
			front.add(f)
			return
		}
		a := alone[host]
		if a == nil {
			a = &first{limit: w.perOwner}
			alone[host] = a
			hosts = append(hosts, a)
		}
		a.add(f)
	})
	for _, a := range hosts {
		for _, f := range a.files() {
			front.add(f)
		}
	}
	out := front.files()
	in := make(map[*file]bool, len(out))
	for _, f := range out {
		in[f] = true
	}
	for _, f := range best {
		if len(out) < w.limit && !in[f] {
			out = append(out, f)
		}
	}
	return out
}
