package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/spf13/cobra"

	"alakazaam/config"
	"alakazaam/gateway/admin"
)

// reachFlags say which node a command speaks to.
type reachFlags struct {
	settings  *settings
	admin     string
	supernode string // only where a command works without a node
	downloads bool   // the command downloads
}

// addReach gives a command the flags that say which node it speaks to.
func addReach(cmd *cobra.Command, guests bool) *reachFlags {
	f := &reachFlags{}
	cmd.Flags().StringVar(&f.admin, "admin", "", "speak to the node whose admin interface is at `HOST:PORT` (default: the key admin.listen)")
	if guests {
		cmd.Flags().StringVar(&f.supernode, "supernode", "", "need no running node: log in at the supernode `HOST:PORT` and log out again")
		cmd.MarkFlagsMutuallyExclusive("admin", "supernode")
	}
	f.settings = addSettings(cmd)
	return f
}

// link is a command's way to a node.
type link struct {
	*admin.Client
	address string
	token   bool   // there is one
	guest   *guest // nil: the node is another process
}

// connect finds the node that a command speaks to, or makes one.
func (a *app) connect(ctx context.Context, f *reachFlags) (*link, error) {
	c, err := a.load(f.settings, a.warn)
	if err != nil {
		return nil, err
	}
	if f.supernode != "" {
		_, port := f.settings.keys["listen"]
		g, err := a.visit(ctx, c, f.supernode, wishes{port: port, downloads: f.downloads})
		if err != nil {
			return nil, err
		}
		return &link{Client: g.client(), guest: g}, nil
	}
	address, err := adminAddress(c, f.admin)
	if err != nil {
		return nil, err
	}
	token, _, err := c.Admin.ReadToken()
	if err != nil {
		return nil, usagef("%w", err)
	}
	return &link{Client: admin.NewClient(address, token, nil), address: address, token: token != ""}, nil
}

func (l *link) close() {
	l.Close()
	if l.guest != nil {
		l.guest.close()
	}
}

// explain puts what a request ended with into words that say what to do.
func (l *link) explain(err error) error {
	var refused *net.OpError
	var answered *admin.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return errors.New("interrupted")
	case errors.As(err, &answered) && answered.Code == http.StatusUnauthorized && l.token:
		return fmt.Errorf("the node at %s does not know this token: admin.token or admin.token_file has to be as the node's", l.address)
	case errors.As(err, &answered) && answered.Code == http.StatusUnauthorized:
		return fmt.Errorf("the node at %s wants a token: name the file that holds it with --admin.token_file FILE, "+
			"%sADMIN_TOKEN_FILE or the key admin.token_file", l.address, config.EnvPrefix)
	case errors.As(err, &answered):
		return err
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("the node at %s does not answer", l.address)
	case errors.As(err, &refused) && refused.Op == "dial":
		return fmt.Errorf("no node answers at %s (%w): start one with 'alakazaam peer' or 'alakazaam supernode', "+
			"or name the address of its admin interface with --admin", l.address, refused.Err)
	}
	return fmt.Errorf("the node at %s: %w", l.address, err)
}
