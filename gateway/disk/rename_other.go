//go:build !linux

package disk

// rename moves a partial file to its final name, and never replaces what is there. The error is fs.ErrExist then.
func (d *downloads) rename(part, to string) error { return d.relink(part, to) }
