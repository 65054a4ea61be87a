package catalog

import "github.com/tidwall/btree"

// ranks are the files in the order of results: those with more copies first, and of equals those with the smaller MD5.
type ranks struct {
	x    *index
	tree *btree.BTreeG[rank]
}

// rank is a file with enough of what decides for most comparisons to need no look at it.
type rank struct{ copies, prefix, file uint32 }

func newRanks(x *index) ranks {
	less := func(a, b rank) bool {
		switch {
		case a.copies != b.copies:
			return a.copies > b.copies
		case a.prefix != b.prefix:
			return a.prefix < b.prefix
		default:
			return x.files.at(a.file).id.Compare(x.files.at(b.file).id) < 0
		}
	}
	return ranks{x: x, tree: btree.NewBTreeGOptions(less, btree.Options{NoLocks: true})}
}

func (r *ranks) of(copies, f uint32) rank {
	return rank{copies: copies, prefix: prefix(r.x.files.at(f).id), file: f}
}

// put enters a file with so many copies, or another number for it.
func (r *ranks) put(copies, f uint32) { r.tree.Set(r.of(copies, f)) }

func (r *ranks) remove(copies, f uint32) { r.tree.Delete(r.of(copies, f)) }

// each goes through the files in order.
func (r *ranks) each(yield func(f uint32) bool) {
	r.tree.Scan(func(at rank) bool { return yield(at.file) })
}
