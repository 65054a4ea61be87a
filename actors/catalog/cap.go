package catalog

import (
	"net/netip"
	"slices"

	"alakazaam/actors/p2p"
)

// onlyHost is the one host that has a file; not valid where several have it.
func (x *index) onlyHost(f uint32) (only netip.Addr) {
	file := x.files.at(f)
	c := file.copies
	for i := range file.n {
		have := x.copies.at(c)
		host := p2p.HostOf(x.owners[have.owner].endpoint.Host())
		if i > 0 && host != only {
			return netip.Addr{}
		}
		only, c = host, have.next
	}
	return only
}

// caps picks the first files where those past the cap of their only host stand behind the others. It is given the files in
// the order of results.
type caps struct {
	*search
	front []uint32
	alone map[netip.Addr]int
}

// past says whether a file is past the cap of its only host, and counts it.
func (c *caps) past(f uint32) bool {
	if c.perOwner <= 0 {
		return false
	}
	host := c.onlyHost(f)
	if !host.IsValid() {
		return false
	}
	if c.alone == nil {
		c.alone = make(map[netip.Addr]int)
	}
	c.alone[host]++
	return c.alone[host] > c.perOwner
}

func (c *caps) add(f uint32) {
	if len(c.front) < c.limit && !c.past(f) {
		c.front = append(c.front, f)
	}
}

// fill puts those that stand behind the others where there is still room. best are the first files without the cap.
func (c *caps) fill(best []uint32) []uint32 {
	out := c.front
	for _, f := range best {
		if len(out) == c.limit {
			break
		}
		if !slices.Contains(c.front, f) {
			out = append(out, f)
		}
	}
	return out
}

// crowded says whether there are files past the cap of their only host. Otherwise the cap changes nothing.
func (s *search) crowded(files []uint32) bool {
	c := caps{search: s}
	return slices.ContainsFunc(files, c.past)
}

// capped is the first of many files with the cap. best are the first ones without it.
func (s *search) capped(files, best []uint32) []uint32 {
	front := first{x: s.index, limit: s.limit}
	alone := make(map[netip.Addr]*first)
	var hosts []*first
	for _, f := range files {
		host := s.onlyHost(f)
		if !host.IsValid() {
			front.add(f)
			continue
		}
		a := alone[host]
		if a == nil {
			a = &first{x: s.index, limit: s.perOwner}
			alone[host] = a
			hosts = append(hosts, a)
		}
		a.add(f)
	}
	for _, a := range hosts {
		for _, f := range a.files() {
			front.add(f)
		}
	}
	c := caps{search: s, front: front.files()}
	return c.fill(best)
}
