package config

import (
	"reflect"
	"sync/atomic"
)

// Live is the configuration of a running node, parts of which change when it is reloaded. Whoever uses a value asks for
// it then, and keeps no copy. It is safe for concurrent use.
type Live struct{ now atomic.Pointer[Config] }

// NewLive begins with a configuration.
func NewLive(c Config) *Live {
	c.Access.ready()
	l := &Live{}
	l.now.Store(&c)
	return l
}

// Get is the configuration as it is. It must not be changed.
func (l *Live) Get() *Config { return l.now.Load() }

// Change is a value that another configuration has.
type Change struct {
	Key      string
	Old, New string // as a variable or a flag would give them
}

// Reload takes over from next what can change while a node runs: the keys whose field has the tag reload. It says what
// changed, and what would have to and did not, which takes a restart.
func (l *Live) Reload(next Config) (changed, refused []Change) {
	next.Access.ready()
	c := *l.Get()
	for _, f := range schema.fields {
		was, is := f.get(&c), f.get(&next)
		if reflect.DeepEqual(was, is) || f.format(was) == f.format(is) {
			continue
		}
		change := Change{Key: f.path, Old: f.format(was), New: f.format(is)}
		if f.secret() {
			change.Old, change.New = "a secret", "another"
		}
		if !f.reload {
			refused = append(refused, change)
			continue
		}
		f.set(&c, is)
		changed = append(changed, change)
	}
	before, after := c.Access.inFiles(), next.Access.inFiles()
	for _, key := range []string{"access.allow_file", "access.deny_file"} {
		if before[key] != after[key] {
			changed = append(changed, Change{Key: key, Old: before[key].String(), New: after[key].String()})
		}
	}
	c.Access.lists = next.Access.lists // also where only what stands in a file has changed
	l.now.Store(&c)
	return changed, refused
}
