package main

import (
	"io"
	"net"
	"strings"
	"sync"
)

// proxy is a relay in front of a server, or of several in turn, which can cut clients off from them.
type proxy struct {
	listener net.Listener
	servers  []string
	turn     int
	mutex    sync.Mutex
	isCut    bool
	open     []net.Conn
}

func newProxy(server string) *proxy {
	p := &proxy{listener: value(net.Listen("tcp", "127.0.0.1:0")), servers: strings.Split(server, ",")}
	go p.accept()
	return p
}

func (p *proxy) address() string { return p.listener.Addr().String() }

// cut breaks all connections; new ones are closed as soon as they are made, until mend.
func (p *proxy) cut() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.isCut = true
	for _, conn := range p.open {
		conn.Close()
	}
	p.open = nil
}

func (p *proxy) mend() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.isCut = false
}

func (p *proxy) close() {
	p.listener.Close()
	p.cut()
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.relay(client)
	}
}

func (p *proxy) relay(client net.Conn) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	server, err := net.Dial("tcp", p.servers[p.turn%len(p.servers)])
	p.turn++
	if p.isCut || err != nil {
		client.Close()
		return
	}
	p.open = append(p.open, client, server)
	pump := func(from, to net.Conn) {
		io.Copy(to, from)
		from.Close()
		to.Close()
	}
	go pump(client, server)
	go pump(server, client)
}
