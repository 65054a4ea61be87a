package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/config"
)

// ErrCut says that the node went away in the middle of an answer.
var ErrCut = errors.New("the node ended in the middle of its answer")

// Client speaks to a Server.
type Client struct {
	base  string
	token string
	http  http.Client
}

// NewClient makes a client of the server at HOST:PORT, which brings the token where it is not empty. dial may be nil;
// another one reaches a server that has no address.
func NewClient(address, token string, dial func(ctx context.Context, network, address string) (net.Conn, error)) *Client {
	if dial == nil {
		dial = (&net.Dialer{Timeout: DefaultTimeout}).DialContext
	}
	// No proxy: what goes to the server concerns nobody else, whatever the environment says.
	return &Client{base: "http://" + address, token: token, http: http.Client{Transport: &http.Transport{
		DialContext: dial, MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second,
	}}}
}

// Close gives the client's idle connections up.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Status asks for everything that the node says about itself.
func (c *Client) Status(ctx context.Context) (*Status, error) {
	out := &Status{}
	return out, c.quick(ctx, http.MethodGet, "/status", nil, out)
}

// Health says in a line how a node is that runs. What does not serve is an *Error.
func (c *Client) Health(ctx context.Context) (string, error) { return c.line(ctx, "/healthz") }

// Ready says in a line that a node serves. One that is starting or ending is an *Error.
func (c *Client) Ready(ctx context.Context) (string, error) { return c.line(ctx, "/readyz") }

// Find searches the network.
func (c *Client) Find(ctx context.Context, request FindRequest) (*FindAnswer, error) {
	out := &FindAnswer{}
	return out, c.call(ctx, http.MethodPost, "/find", request, out)
}

// Downloads lists the downloads.
func (c *Client) Downloads(ctx context.Context) (*message.TransfersStatus, error) {
	out := &message.TransfersStatus{}
	return out, c.quick(ctx, http.MethodGet, "/downloads", nil, out)
}

// Download begins a download and calls each for every state of it that comes. It returns the last one, which has ended
// unless there is an error. The download goes on where ctx ends before it does.
func (c *Client) Download(ctx context.Context, request DownloadRequest, each func(message.DownloadState)) (message.DownloadState, error) {
	var state message.DownloadState
	body, err := c.do(ctx, http.MethodPost, "/downloads", request)
	if err != nil {
		return state, err
	}
	defer body.Close()
	lines := json.NewDecoder(body)
	for !state.Ended {
		var next message.DownloadState
		if err := lines.Decode(&next); err != nil {
			if ctx.Err() != nil {
				return state, ctx.Err()
			}
			return state, ErrCut
		}
		state = next
		each(state)
	}
	return state, nil
}

// Cancel ends a download.
func (c *Client) Cancel(ctx context.Context, file p2p.FileID) (message.DownloadState, error) {
	var out message.DownloadState
	return out, c.quick(ctx, http.MethodDelete, "/downloads/"+file.String(), nil, &out)
}

// Shares lists the shared files.
func (c *Client) Shares(ctx context.Context) (*Shares, error) {
	out := &Shares{}
	return out, c.quick(ctx, http.MethodGet, "/shares", nil, out)
}

// Share shares absolute paths.
func (c *Client) Share(ctx context.Context, paths []string) (*ShareAnswer, error) {
	out := &ShareAnswer{}
	return out, c.quick(ctx, http.MethodPost, "/shares", ShareRequest{Paths: paths}, out)
}

// Unshare shares absolute paths, or files, no longer.
func (c *Client) Unshare(ctx context.Context, paths []string, files []p2p.FileID) (*ShareAnswer, error) {
	out := &ShareAnswer{}
	return out, c.quick(ctx, http.MethodDelete, "/shares", ShareRequest{Paths: paths, Files: files}, out)
}

// LogLevel asks for the level of the node's log.
func (c *Client) LogLevel(ctx context.Context) (*Log, error) {
	out := &Log{}
	return out, c.quick(ctx, http.MethodGet, "/log", nil, out)
}

// SetLogLevel changes it.
func (c *Client) SetLogLevel(ctx context.Context, level string) (*Log, error) {
	out := &Log{}
	return out, c.quick(ctx, http.MethodPut, "/log", Log{Level: level}, out)
}

// Faults lists the faults that the node does to itself.
func (c *Client) Faults(ctx context.Context) (*FaultList, error) {
	return c.faults(ctx, http.MethodGet, "/faults", nil)
}

// AddFault adds one.
func (c *Client) AddFault(ctx context.Context, f config.Fault) (*FaultList, error) {
	return c.faults(ctx, http.MethodPost, "/faults", f)
}

// ReplaceFaults puts faults in the place of all that there are.
func (c *Client) ReplaceFaults(ctx context.Context, all []config.Fault) (*FaultList, error) {
	if all == nil {
		all = []config.Fault{}
	}
	return c.faults(ctx, http.MethodPut, "/faults", map[string][]config.Fault{"faults": all})
}

// RemoveFault takes one away.
func (c *Client) RemoveFault(ctx context.Context, id string) (*FaultList, error) {
	return c.faults(ctx, http.MethodDelete, "/faults/"+url.PathEscape(id), nil)
}

// ClearFaults takes all away.
func (c *Client) ClearFaults(ctx context.Context) (*FaultList, error) {
	return c.faults(ctx, http.MethodDelete, "/faults", nil)
}

func (c *Client) faults(ctx context.Context, method, path string, in any) (*FaultList, error) {
	out := &FaultList{}
	return out, c.quick(ctx, method, path, in, out)
}

// callTimeout is how long a node may take to answer anything but a search.
const callTimeout = editTimeout + 2*DefaultTimeout

// quick is call for a request that the node does not have to ask others for.
func (c *Client) quick(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return c.call(ctx, method, path, in, out)
}

// lineTimeout is how long a node may take to say in a line how it is: it asks two actors at most.
const lineTimeout = 2*DefaultTimeout + time.Second

// line asks for a line of plain text.
func (c *Client) line(ctx context.Context, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, lineTimeout)
	defer cancel()
	body, err := c.do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return "", err
	}
	defer body.Close()
	b, err := io.ReadAll(io.LimitReader(body, maxBody))
	return strings.TrimSpace(string(b)), err
}

// call sends a request and reads the answer into out.
func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	body, err := c.do(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer body.Close()
	if err := json.NewDecoder(body).Decode(out); err != nil {
		return fmt.Errorf("the answer of the admin interface cannot be read: %w", err)
	}
	return nil
}

// do sends a request and gives the answer's body. An answer that is an error is returned as an *Error.
func (c *Client) do(ctx context.Context, method, path string, in any) (io.ReadCloser, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, err
	}
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	w, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	if w.StatusCode == http.StatusOK {
		return w.Body, nil
	}
	defer w.Body.Close()
	e := &Error{Code: w.StatusCode}
	if json.NewDecoder(io.LimitReader(w.Body, maxBody)).Decode(e) != nil || strings.TrimSpace(e.Message) == "" {
		e.Message = "it answered " + w.Status + ", as no node does"
	}
	return nil, e
}
