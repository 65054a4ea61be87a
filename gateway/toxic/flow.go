package toxic

import "alakazaam/actors/port"

// flow is one direction of a connection.
type flow struct {
	stream string
	queue  []piece // what waits for its time, in its order
	size   int     // bytes in the queue
	timer  bool    // a tick is on its way
}

// push sends a piece on its way in a direction.
func (c *conn) push(f *flow, p piece) {
	c.decide()
	p.at = c.t.Clock.Now()
	pieces := []piece{p}
	for _, x := range c.toxins {
		if x.active(f.stream) {
			pieces = x.pass(f.stream, pieces)
		}
	}
	for _, q := range pieces {
		f.queue = append(f.queue, q)
		c.count(f, len(q.data))
	}
	c.pump(f)
}

func (c *conn) count(f *flow, n int) {
	f.size += n
	if f == &c.out {
		c.held.Add(int64(n))
	}
}

// pump lets through what is due, as far as the owner keeps up. Nothing overtakes what is before it.
func (c *conn) pump(f *flow) {
	for len(f.queue) > 0 {
		p := f.queue[0]
		if wait := p.at.Sub(c.t.Clock.Now()); wait > 0 {
			if !f.timer {
				f.timer = true
				c.t.Clock.After(wait, c.pid, &tick{f})
			}
			break
		}
		if f == &c.in && p.data != nil && c.atOwner >= window {
			break
		}
		f.queue[0], f.queue = piece{}, f.queue[1:]
		c.count(f, -len(p.data))
		c.release(f, p)
	}
	if f == &c.in {
		c.giveBack()
	}
}

// release is when a piece has come through.
func (c *conn) release(f *flow, p piece) {
	switch m := p.message.(type) {
	case nil:
		if f == &c.out {
			c.inner.Send(p.data)
			return
		}
		c.atOwner++
		c.t.tell(c.owner, &port.Bytes{Data: p.data})
	case *closing:
		c.inner.Close()
		c.unheard()
	case *cut:
		c.fate = errCut
		if !c.shortened { // then the file has still to leave
			c.inner.Close()
			c.unheard()
		}
	case *port.FileSend:
		c.shortened = c.fate == nil && f.cutBehind()
		c.inner.SendFile(*m)
	case *port.Closed:
		c.tellClosed(m.Err)
	case *port.FileReceived:
		c.receiving = false
		c.t.tell(c.owner, m)
	default:
		c.t.tell(c.owner, m)
	}
}

// cutBehind says whether a fault ends the connection behind what is let through now.
func (f *flow) cutBehind() bool {
	if len(f.queue) == 0 {
		return false
	}
	_, is := f.queue[0].message.(*cut)
	return is
}

func (c *conn) drop(f *flow) {
	f.queue, f.size = nil, 0
	if f == &c.out {
		c.held.Store(0)
	}
}
