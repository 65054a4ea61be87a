package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// DefaultAdminListen is out of reach for other machines.
const DefaultAdminListen = "127.0.0.1:8080"

// Bounds of a token's length: long enough that nobody guesses it, and no longer than a header may be.
const (
	minToken = 16
	maxToken = 512
)

// Admin is the local interface for the user's commands and for monitoring.
type Admin struct {
	// Where the interface is served over HTTP, written as listen is. Where other machines can reach that address every
	// request has to bring a token. The interface does not encrypt: put a proxy that does before it, or a private network.
	Listen string `yaml:"listen" form:"listen" zero:"no interface"`
	// What every request has to bring as "Authorization: Bearer TOKEN"; the commands bring it by themselves. It is never
	// shown. A token_file keeps it out of the list of processes.
	Token string `yaml:"token" form:"token" zero:"none" reload:"yes"`
	// A file whose first line is the token, instead of token. Only its owner should be able to read it.
	TokenFile string `yaml:"token_file" form:"file" zero:"none" reload:"yes"`
	// Further names and IP addresses by which the interface may be asked for: those of a proxy before it, or of this
	// machine where it is reached by name.
	Hosts []string `yaml:"hosts" form:"host"`
	// Whether /debug/pprof tells where time and memory go.
	Pprof bool `yaml:"pprof"`
	// Whether faults can be added and taken away while the node runs, by 'alakazaam fault'.
	Faults bool `yaml:"faults"`
}

func defaultAdmin() Admin { return Admin{Listen: DefaultAdminListen, Pprof: true} }

func (a Admin) validate(r *rules) {
	r.require(a.Listen == "" || a.Token != "" || a.TokenFile != "" || loopback(a.Listen),
		fmt.Sprintf("admin.listen (%s) can be reached by other machines, from which only a token protects it: "+
			"name a file with one in admin.token_file, or listen on a loopback address, such as %s", a.Listen, DefaultAdminListen),
		"admin.listen")
	r.require(a.Token == "" || a.TokenFile == "", "admin.token and admin.token_file are both there: one has to go",
		"admin.token", "admin.token_file")
}

// loopback says whether only this machine reaches a listen address.
func loopback(listen string) bool {
	host, _, err := splitHostPort(listen)
	return err == nil && listenIP(host).IsLoopback()
}

// ReadToken gives the token, from its file where it is in one; "" means that there is to be none. open says that others
// than the file's owner can read it.
func (a Admin) ReadToken() (token string, open bool, err error) {
	if a.TokenFile == "" {
		return a.Token, false, nil
	}
	f, err := os.Open(a.TokenFile)
	if err != nil {
		return "", false, fmt.Errorf("admin.token_file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", false, fmt.Errorf("admin.token_file: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxToken+2)) // a longer line is too long
	if err != nil {
		return "", false, fmt.Errorf("admin.token_file: %w", err)
	}
	token, _, _ = strings.Cut(string(text), "\n")
	token = strings.TrimRight(token, " \t\r")
	if err := checkToken(token); err != nil {
		return "", false, fmt.Errorf("admin.token_file: the first line of %s has to be a token: %w", a.TokenFile, err)
	}
	return token, info.Mode()&0o077 != 0, nil
}

// errToken says what a token is, and nothing of what was given.
var errToken = errors.New(tokenForm)

// tokenForm is what a token has to be.
var tokenForm = fmt.Sprintf("%d to %d letters, digits and signs of ASCII, without spaces", minToken, maxToken)

func checkToken(s string) error {
	if len(s) < minToken || len(s) > maxToken || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errToken
	}
	return nil
}
