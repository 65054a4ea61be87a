package config

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/gaissmai/bart"

	"alakazaam/actors/p2p"
)

// Access is who may take part, and with which files. An entry is an IP address, a network such as 192.0.2.0/24, or the
// MD5 of a file. What stands in deny is refused, whatever allow says. Where allow has addresses or networks, only they
// are let in, and where it has MD5s, only those files are known.
type Access struct {
	// Addresses, networks and files that are let in, and no others of their kind.
	Allow []string `yaml:"allow" form:"entry" reload:"yes"`
	// Addresses, networks and files that are refused.
	Deny []string `yaml:"deny" form:"entry" reload:"yes"`
	// A file with more entries for allow, one a line; "#" begins a comment.
	AllowFile string `yaml:"allow_file" form:"file" zero:"none" reload:"yes"`
	// A file with more entries for deny, one a line; "#" begins a comment.
	DenyFile string `yaml:"deny_file" form:"file" zero:"none" reload:"yes"`
	// Addresses and networks that may log in for other addresses than their own, and that no limit by address and no
	// ban holds.
	Trusted []string `yaml:"trusted" form:"network" reload:"yes"`

	lists *accessLists // nil: everybody and everything is let in, and nobody is trusted
}

// accessLists are the entries in a form in which they are found quickly. They do not change.
type accessLists struct {
	allow, deny entrySet
	trusted     bart.Lite
}

// entrySet is a set of networks and files.
type entrySet struct {
	networks bart.Lite
	files    map[p2p.FileID]struct{}
	inFile   listed
}

// listed is what a file of entries holds: how many, and which, as far as a checksum tells.
type listed struct {
	entries  int
	checksum uint64
}

func (l listed) String() string { return fmt.Sprintf("%d listed", l.entries) }

// inFiles is what the files of entries hold, by their keys.
func (a *Access) inFiles() map[string]listed {
	if a.lists == nil {
		return map[string]listed{}
	}
	return map[string]listed{"access.allow_file": a.lists.allow.inFile, "access.deny_file": a.lists.deny.inFile}
}

// Peer says whether an address may connect, and be connected to.
func (a *Access) Peer(ip netip.Addr) bool {
	l := a.lists
	if l == nil {
		return true
	}
	ip = ip.Unmap().WithZone("")
	return !l.deny.networks.Contains(ip) && (l.allow.networks.Size() == 0 || l.allow.networks.Contains(ip))
}

// Endpoint says whether all addresses of a node are let in.
func (a *Access) Endpoint(e p2p.Endpoint) bool {
	return a.lists == nil || !slices.ContainsFunc(e.Dialable(), func(at netip.AddrPort) bool { return !a.Peer(at.Addr()) })
}

// File says whether a file may be published, found and served.
func (a *Access) File(f p2p.FileID) bool {
	l := a.lists
	if l == nil {
		return true
	}
	if _, denied := l.deny.files[f]; denied {
		return false
	}
	_, allowed := l.allow.files[f]
	return allowed || len(l.allow.files) == 0
}

// Trusts says whether an address is one of ours.
func (a *Access) Trusts(ip netip.Addr) bool {
	return a.lists != nil && a.lists.trusted.Contains(ip.Unmap().WithZone(""))
}

var errEntry = errors.New("that is no IP address, no network such as 192.0.2.0/24 and no MD5")

// parseNetwork reads an IP address or a network.
func parseNetwork(s string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(s); err == nil && ip.Zone() == "" {
		ip = ip.Unmap()
		return netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return p, errors.New("that is no IP address and no network such as 192.0.2.0/24")
	case p.Addr().Is4In6():
		return p, errors.New("write an IPv4 network in IPv4's form")
	case p != p.Masked():
		return p, fmt.Errorf("that network begins at %s", p.Masked().Addr())
	}
	return p, nil
}

// add takes an entry.
func (s *entrySet) add(entry string) error {
	if len(entry) == 2*len(p2p.FileID{}) && !strings.Contains(entry, ":") {
		f, err := p2p.ParseFileID([]byte(strings.ToLower(entry)))
		if err != nil {
			return errEntry
		}
		if s.files == nil {
			s.files = make(map[p2p.FileID]struct{})
		}
		s.files[f] = struct{}{}
		return nil
	}
	p, err := parseNetwork(entry)
	if err != nil {
		if !strings.Contains(entry, "/") {
			err = errEntry
		}
		return err
	}
	s.networks.Insert(p)
	return nil
}

// checkEntry checks the form of an entry.
func checkEntry(entry string) error { return new(entrySet).add(entry) }

// checkNetwork checks the form of an address or a network.
func checkNetwork(s string) error {
	_, err := parseNetwork(s)
	return err
}

// compile makes the lists of the entries, all of which have been checked but for those in the files. problem is called
// for each line that makes no sense, with line 0 for a file as a whole.
func (a *Access) compile(problem func(key, file string, line int, text string, err error)) {
	if a.lists = nil; len(a.Allow)+len(a.Deny)+len(a.AllowFile)+len(a.DenyFile)+len(a.Trusted) == 0 {
		return
	}
	l := &accessLists{}
	for _, set := range []struct {
		key     string
		entries []string
		path    string
		to      *entrySet
	}{{"access.allow_file", a.Allow, a.AllowFile, &l.allow}, {"access.deny_file", a.Deny, a.DenyFile, &l.deny}} {
		for _, e := range set.entries {
			_ = set.to.add(e) // it has been checked
		}
		if set.path != "" {
			set.to.read(set.path, func(line int, text string, err error) { problem(set.key, set.path, line, text, err) })
		}
	}
	for _, e := range a.Trusted {
		if p, err := parseNetwork(e); err == nil {
			l.trusted.Insert(p)
		}
	}
	a.lists = l
}

// ready compiles the lists of a configuration that a program built; Load has done so already.
func (a *Access) ready() {
	if a.lists == nil {
		a.compile(func(string, string, int, string, error) {})
	}
}

var crcTable = crc64.MakeTable(crc64.ECMA)

// maxList is the most bytes that a file of entries may have: some four million addresses.
const maxList = 64 << 20

// read takes the entries of a file.
func (s *entrySet) read(path string, problem func(line int, text string, err error)) {
	f, err := os.Open(path)
	if err != nil {
		problem(0, "", withoutPath(err))
		return
	}
	defer f.Close()
	limited := &io.LimitedReader{R: f, N: maxList + 1}
	lines := bufio.NewScanner(limited)
	n := 0
	for lines.Scan() {
		n++
		text := strings.TrimPrefix(lines.Text(), "\ufeff")
		entry, _, _ := strings.Cut(text, "#")
		if entry = strings.TrimSpace(entry); entry == "" {
			continue
		}
		if err := s.add(entry); err != nil {
			problem(n, text, err)
		}
		s.inFile.entries++
		s.inFile.checksum = crc64.Update(s.inFile.checksum, crcTable, []byte(entry+"\n"))
	}
	switch {
	case limited.N <= 0:
		problem(0, "", fmt.Errorf("the file has more than %s", Size(maxList)))
	case lines.Err() != nil:
		problem(n+1, "", withoutPath(lines.Err()))
	}
}

// withoutPath is an error of the file system without the path, which stands before the message anyway.
func withoutPath(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

// validate reads the files and reports what is wrong in them.
func (a *Access) validate(r *rules) {
	a.compile(func(key, file string, line int, text string, err error) {
		if r.l.full() {
			return
		}
		if line == 0 {
			r.require(false, fmt.Sprintf("%s: %s cannot be used: %v", key, quote(file), err), key)
			return
		}
		r.l.report(key, origin{layer: layerFlag, file: file, line: line, column: 1, text: text}, key+": "+err.Error(), "")
	})
}
