package main_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/stretchr/testify/require"
)

// searcher is a peer that has logged in at a supernode.
type searcher struct {
	conn net.Conn
	in   *bufio.Reader
	id   string
}

// searcher logs a peer in at a member.
func (o *overlay) searcher(i int) (*searcher, error) {
	ip := fmt.Sprintf("127.2.%d.200", o.net)
	conn, err := dialAs(ip, o.members[i].address)
	if err != nil {
		return nil, err
	}
	s := &searcher{conn: conn, in: bufio.NewReader(conn)}
	algi := make([]byte, 20)
	if err = s.say("LOGI" + written(ip, 4000)); err == nil {
		_, err = io.ReadFull(s.in, algi)
	}
	if s.id = strings.TrimPrefix(string(algi), "ALGI"); err != nil || len(s.id) != 16 {
		conn.Close()
		return nil, fmt.Errorf("a login was answered with %q: %w", algi, err)
	}
	return s, nil
}

func (s *searcher) say(what string) error {
	if err := s.conn.SetDeadline(time.Now().Add(3 * patience)); err != nil {
		return err
	}
	_, err := io.WriteString(s.conn, what)
	return err
}

// find searches, and gives the names and the first address of what is found, and how long that took.
func (s *searcher) find(text string) (map[string]string, time.Duration, error) {
	began := time.Now()
	if err := s.say(fmt.Sprintf("FIND%s%-20s", s.id, text)); err != nil {
		return nil, 0, err
	}
	head, err := s.next(7)
	if err != nil {
		return nil, 0, err
	}
	count, err := strconv.Atoi(strings.TrimPrefix(head, "AFIN"))
	if err != nil {
		return nil, 0, fmt.Errorf("a search was answered with %q", head)
	}
	out := make(map[string]string, count)
	for range count {
		entry, err := s.next(32 + 100 + 3 + 60)
		if err != nil {
			return nil, 0, err
		}
		copies, err := strconv.Atoi(entry[132:135])
		if err != nil || copies < 1 {
			return nil, 0, fmt.Errorf("%q are no copies", entry[132:135])
		}
		if _, err := s.next(60 * (copies - 1)); err != nil {
			return nil, 0, err
		}
		out[strings.TrimSpace(entry[32:132])] = entry[135:]
	}
	return out, time.Since(began), nil
}

func (s *searcher) next(n int) (string, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(s.in, b)
	return string(b), err
}

// find has a peer log in at a member and search.
func (o *overlay) find(i int, text string) (map[string]string, time.Duration, error) {
	s, err := o.searcher(i)
	if err != nil {
		return nil, 0, err
	}
	defer s.conn.Close()
	return s.find(text)
}

// answer is what a node's admin interface answers to a search.
type answer struct {
	Complete bool
	Results  []struct {
		Name   string
		Owners []string
	}
}

// ask searches over a member's admin interface.
func (o *overlay) ask(i int, text, strategy string) answer {
	o.t.Helper()
	body, err := json.Marshal(map[string]string{"text": text, "strategy": strategy})
	require.NoError(o.t, err)
	r, err := http.Post("http://"+o.members[i].admin+"/find", "application/json", bytes.NewReader(body))
	require.NoError(o.t, err)
	defer r.Body.Close()
	require.Equal(o.t, http.StatusOK, r.StatusCode)
	var a answer
	require.NoError(o.t, json.NewDecoder(r.Body).Decode(&a))
	return a
}

// fromAll searches at each of these members at once, and gives what each found and how long the slowest took. Where one
// of ours cannot be asked at all there is an error.
func (o *overlay) fromAll(of []int, text string) (found []map[string]string, slowest time.Duration, err error) {
	found = make([]map[string]string, len(of))
	took, errs := make([]time.Duration, len(of)), make([]error, len(of))
	var all sync.WaitGroup
	for k, i := range of {
		if o.base[i] == nil {
			all.Go(func() { found[k], took[k], errs[k] = o.find(i, text) })
		}
	}
	all.Wait()
	for _, e := range errs {
		if e != nil {
			return found, 0, e
		}
	}
	return found, slices.Max(took), nil
}
