package disk

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// rename moves a partial file to its final name, and never replaces what is there. The error is fs.ErrExist then.
func (d *downloads) rename(part, to string) error {
	dir, err := d.root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	// Neither name can lead elsewhere: to is plain, and part is one fixed folder and a plain name.
	sub, err := d.root.Open(partials)
	if err != nil {
		return err
	}
	defer sub.Close()
	name := part[len(partials)+1:]
	err = unix.Renameat2(int(sub.Fd()), name, int(dir.Fd()), to, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EOPNOTSUPP) {
		return d.relink(part, to) // not every file system can
	}
	if err != nil {
		return os.NewSyscallError("rename", err)
	}
	return nil
}
