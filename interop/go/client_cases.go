package main

import (
	"fmt"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"
)

const sessionTimeout = 6 * time.Second

type quiet struct{}

func (quiet) Printf(string, ...any) {}

// client is a session with the channel of its state changes.
type client struct {
	*zk.Conn
	states <-chan zk.Event
}

func connect(server string) client { return connectFor(server, sessionTimeout) }

func connectFor(server string, timeout time.Duration) client {
	conn, states, err := zk.Connect(strings.Split(server, ","), timeout, zk.WithLogger(quiet{}))
	must(err)
	c := client{conn, states}
	c.await(zk.StateHasSession)
	return c
}

// await drops state changes until the wanted one comes.
func (c client) await(wanted zk.State) {
	late := time.After(60 * time.Second)
	for {
		select {
		case event := <-c.states:
			if event.State == wanted {
				return
			}
		case <-late:
			panic(mismatch("no state " + wanted.String()))
		}
	}
}

// isSpread says that the clients are connected to several servers of an ensemble.
var isSpread = os.Getenv("INTEROP_SERVERS") == "spread"

// catchUp lets the reads that follow see what clients of other servers have been acknowledged.
func (c client) catchUp() {
	if isSpread {
		value(c.Sync("/"))
	}
}

func (c client) Exists(path string) (bool, *zk.Stat, error) {
	c.catchUp()
	return c.Conn.Exists(path)
}

func (c client) ExistsW(path string) (bool, *zk.Stat, <-chan zk.Event, error) {
	c.catchUp()
	return c.Conn.ExistsW(path)
}

func (c client) Get(path string) ([]byte, *zk.Stat, error) {
	c.catchUp()
	return c.Conn.Get(path)
}

func (c client) GetW(path string) ([]byte, *zk.Stat, <-chan zk.Event, error) {
	c.catchUp()
	return c.Conn.GetW(path)
}

func (c client) Children(path string) ([]string, *zk.Stat, error) {
	c.catchUp()
	return c.Conn.Children(path)
}

func (c client) ChildrenW(path string) ([]string, *zk.Stat, <-chan zk.Event, error) {
	c.catchUp()
	return c.Conn.ChildrenW(path)
}

func (c client) GetACL(path string) ([]zk.ACL, *zk.Stat, error) {
	c.catchUp()
	return c.Conn.GetACL(path)
}

func (c client) make(path string, flags int32) string {
	return value(c.Create(path, []byte{}, flags, zk.WorldACL(zk.PermAll)))
}

func (c client) has(path string) bool {
	found, _, err := c.Exists(path)
	must(err)
	return found
}

func (c client) sortedChildren(path string) []string {
	children, _, err := c.Children(path)
	must(err)
	sort.Strings(children)
	return children
}

func expectEvent(channel <-chan zk.Event, kind zk.EventType, path string) {
	select {
	case event := <-channel:
		equal(fmt.Sprint(kind, " ", path), fmt.Sprint(event.Type, " ", event.Path), "event")
	case <-time.After(60 * time.Second):
		panic(mismatch("no event " + kind.String() + " " + path))
	}
}

type clientCases struct {
	server string
	cases  *cases
	conn   client
	number int
}

func (t *clientCases) root() string {
	t.number++
	return t.conn.make(fmt.Sprintf("/go-%d", t.number), 0)
}

func (t *clientCases) add() {
	t.conn = connect(t.server)
	t.cases.run("create in all modes, with Stat", t.create)
	t.cases.run("get, set, delete and their versions", t.versions)
	t.cases.run("errors have their own values", t.errors)
	t.cases.run("children and their Stat", t.children)
	t.cases.run("data, exists and child watches", t.watches)
	t.cases.run("deletion fires watches", t.deletionWatches)
	t.cases.run("multi commits or tells each result", t.multi)
	t.cases.run("digest authentication and ACLs", t.acl)
	t.cases.run("sync", t.sync)
	t.cases.run("large data", t.large)
	t.cases.run("1,000 requests from 20 goroutines", t.concurrent)
	t.cases.run("a container goes after its last child", t.container)
	t.cases.run("a TTL znode goes after its time", t.ttl)
	t.cases.run("a protected sequential ephemeral", t.protected)
	t.cases.run("Lock excludes and passes on", t.lock)
	t.cases.run("Lock is freed when its owner closes", t.lockOfClosed)
	t.cases.run("ephemerals go with their session", t.ephemeral)
	t.cases.run("session and watches outlive a cut connection", t.reconnect)
	t.cases.run("authentication is sent again after a cut connection", t.reauthenticate)
	t.cases.run("a session that is cut off for long expires", t.expiry)
	t.cases.run("four-letter words are parsed", t.fourLetterWords)
	t.cases.run("reconfig is refused", t.reconfig)
	t.cases.run("kill -9 and restart keep session and data", t.restart)
	t.conn.Close()
}

func (t *clientCases) create() {
	root := t.root()
	equal(root+"/plain", t.conn.make(root+"/plain", zk.FlagPersistent), "persistent")
	equal(root+"/e", t.conn.make(root+"/e", zk.FlagEphemeral), "ephemeral")
	equal(root+"/s-0000000002", t.conn.make(root+"/s-", zk.FlagSequence), "sequential")
	equal(root+"/es-0000000003", t.conn.make(root+"/es-", zk.FlagEphemeralSequential), "ephemeral sequential")
	_, stat, err := t.conn.Exists(root + "/e")
	must(err)
	equal(t.conn.SessionID(), stat.EphemeralOwner, "owner")
	_, stat, err = t.conn.Get(root)
	must(err)
	equal([]int32{0, 4, 0, 0, 4}, []int32{stat.Version, stat.Cversion, stat.Aversion, stat.DataLength, stat.NumChildren}, "Stat")
}

func (t *clientCases) versions() {
	path := t.root()
	stat := value(t.conn.Set(path, []byte("one"), 0))
	equal(int32(1), stat.Version, "version")
	data, read, err := t.conn.Get(path)
	must(err)
	equal("one", string(data), "data")
	equal(*stat, *read, "Stat")
	_, err = t.conn.Set(path, nil, 0)
	equal(zk.ErrBadVersion, err, "error")
	equal(zk.ErrBadVersion, t.conn.Delete(path, 0), "error")
	must(t.conn.Delete(path, 1))
	check(!t.conn.has(path), "deleted")
}

func (t *clientCases) errors() {
	root := t.root()
	world := zk.WorldACL(zk.PermAll)
	attempt := func(expected error, path string, acl []zk.ACL) {
		_, err := t.conn.Create(path, nil, 0, acl)
		equal(expected, err, "error")
	}
	attempt(zk.ErrNodeExists, root, world)
	attempt(zk.ErrNoNode, root+"/a/b", world)
	attempt(zk.ErrInvalidACL, root+"/a", []zk.ACL{{Perms: zk.PermAll, Scheme: "nonsense", ID: "x"}})
	attempt(zk.ErrInvalidACL, root+"/a", nil)
	t.conn.make(root+"/e", zk.FlagEphemeral)
	attempt(zk.ErrNoChildrenForEphemerals, root+"/e/a", world)
	equal(zk.ErrNotEmpty, t.conn.Delete(root, -1), "error")
	equal(zk.ErrNoNode, t.conn.Delete(root+"/a", -1), "error")
	_, _, err := t.conn.Get(root + "/a")
	equal(zk.ErrNoNode, err, "error")
	_, _, err = t.conn.Children(root + "/a")
	equal(zk.ErrNoNode, err, "error")
}

func (t *clientCases) children() {
	root := t.root()
	for _, name := range []string{"c", "a", "b"} {
		t.conn.make(root+"/"+name, 0)
	}
	equal([]string{"a", "b", "c"}, t.conn.sortedChildren(root), "children")
	_, stat, err := t.conn.Children(root)
	must(err)
	equal(int32(3), stat.NumChildren, "numChildren")
	equal([]string{}, t.conn.sortedChildren(root+"/a"), "children of a leaf")
}

func (t *clientCases) watches() {
	root := t.root()
	writer := connect(t.server)
	defer writer.Close()
	_, _, created, err := t.conn.ExistsW(root + "/n")
	must(err)
	_, _, child, err := t.conn.ChildrenW(root)
	must(err)
	writer.make(root+"/n", 0)
	expectEvent(created, zk.EventNodeCreated, root+"/n")
	expectEvent(child, zk.EventNodeChildrenChanged, root)
	_, _, changed, err := t.conn.GetW(root + "/n")
	must(err)
	value(writer.Set(root+"/n", []byte("x"), -1))
	expectEvent(changed, zk.EventNodeDataChanged, root+"/n")
}

func (t *clientCases) deletionWatches() {
	root := t.root()
	path := t.conn.make(root+"/n", 0)
	_, _, data, err := t.conn.GetW(path)
	must(err)
	_, _, exists, err := t.conn.ExistsW(path)
	must(err)
	_, _, below, err := t.conn.ChildrenW(path)
	must(err)
	_, _, parent, err := t.conn.ChildrenW(root)
	must(err)
	must(t.conn.Delete(path, -1))
	for _, channel := range []<-chan zk.Event{data, exists, below} {
		expectEvent(channel, zk.EventNodeDeleted, path)
	}
	expectEvent(parent, zk.EventNodeChildrenChanged, root)
}

func (t *clientCases) multi() {
	root := t.root()
	world := zk.WorldACL(zk.PermAll)
	results := value(t.conn.Multi(
		&zk.CreateRequest{Path: root + "/a", Data: []byte("x"), Acl: world, Flags: 0},
		&zk.SetDataRequest{Path: root, Data: []byte("y"), Version: 0},
		&zk.CheckVersionRequest{Path: root, Version: 1},
		&zk.DeleteRequest{Path: root + "/a", Version: 0}))
	equal(4, len(results), "results")
	equal(root+"/a", results[0].String, "path")
	equal(int32(1), results[1].Stat.Version, "version")
	_, err := t.conn.Multi(
		&zk.CreateRequest{Path: root + "/b", Acl: world},
		&zk.SetDataRequest{Path: root, Version: 7})
	equal(zk.ErrBadVersion, err, "error")
	equal([]string{}, t.conn.sortedChildren(root), "children")
}

func (t *clientCases) acl() {
	root := t.root()
	path := value(t.conn.Create(root+"/guarded", []byte("secret"), 0, zk.DigestACL(zk.PermAll, "alice", "pw")))
	_, _, err := t.conn.Get(path)
	equal(zk.ErrNoAuth, err, "error")
	alice := connect(t.server)
	defer alice.Close()
	must(alice.AddAuth("digest", []byte("alice:pw")))
	data, _, err := alice.Get(path)
	must(err)
	equal("secret", string(data), "data")
	acl, _, err := alice.GetACL(path)
	must(err)
	equal(zk.DigestACL(zk.PermAll, "alice", "pw"), acl, "ACL")
	own := value(alice.Create(root+"/own", nil, 0, zk.AuthACL(zk.PermAll)))
	acl, _, err = alice.GetACL(own)
	must(err)
	equal(zk.DigestACL(zk.PermAll, "alice", "pw"), acl, "ACL of the auth scheme")
	stat := value(alice.SetACL(path, zk.WorldACL(zk.PermRead), 0))
	equal(int32(1), stat.Aversion, "aversion")
	_, _, err = t.conn.Get(path)
	must(err)
	_, err = t.conn.SetACL(path, zk.WorldACL(zk.PermAll), -1)
	equal(zk.ErrNoAuth, err, "error")
}

func (t *clientCases) sync() {
	path := t.root()
	equal(path, value(t.conn.Sync(path)), "path")
}

func (t *clientCases) large() {
	path := t.root()
	data := make([]byte, 900_000)
	for i := range data {
		data[i] = byte(i * 7)
	}
	value(t.conn.Set(path, data, -1))
	read, _, err := t.conn.Get(path)
	must(err)
	equal(data, read, "data")
}

func (t *clientCases) concurrent() {
	root := t.root()
	failures := make(chan error, 20)
	for worker := 0; worker < 20; worker++ {
		go func() {
			for i := 0; i < 50; i++ {
				path := fmt.Sprintf("%s/%d-%d", root, worker, i)
				if _, err := t.conn.Create(path, []byte(path), 0, zk.WorldACL(zk.PermAll)); err != nil {
					failures <- err
					return
				}
				if data, _, err := t.conn.Get(path); err != nil || string(data) != path {
					failures <- fmt.Errorf("%s read %q, %v", path, data, err)
					return
				}
			}
			failures <- nil
		}()
	}
	for worker := 0; worker < 20; worker++ {
		must(<-failures)
	}
	equal(1000, len(t.conn.sortedChildren(root)), "children")
}

func (t *clientCases) container() {
	root := t.root()
	path := value(t.conn.CreateContainer(root+"/c", nil, zk.FlagContainer, zk.WorldACL(zk.PermAll)))
	t.conn.make(path+"/child", 0)
	must(t.conn.Delete(path+"/child", -1))
	eventually("the container to go", func() bool { return !t.conn.has(path) })
}

func (t *clientCases) ttl() {
	root := t.root()
	path := value(t.conn.CreateTTL(root+"/t", nil, zk.FlagTTL, zk.WorldACL(zk.PermAll), 500*time.Millisecond))
	check(t.conn.has(path), "there at first")
	eventually("the znode to go", func() bool { return !t.conn.has(path) })
}

func (t *clientCases) protected() {
	root := t.root()
	path := value(t.conn.CreateProtectedEphemeralSequential(root+"/p-", nil, zk.WorldACL(zk.PermAll)))
	check(t.conn.has(path), "created")
}

func (t *clientCases) lock() {
	root := t.root()
	other := connect(t.server)
	defer other.Close()
	first := zk.NewLock(t.conn.Conn, root, zk.WorldACL(zk.PermAll))
	second := zk.NewLock(other.Conn, root, zk.WorldACL(zk.PermAll))
	must(first.Lock())
	equal(zk.ErrDeadlock, first.Lock(), "locking twice")
	taken := make(chan error, 1)
	go func() { taken <- second.Lock() }()
	eventually("the second to queue", func() bool { return len(t.conn.sortedChildren(root)) == 2 })
	check(len(taken) == 0, "the second waits")
	must(first.Unlock())
	must(<-taken)
	must(second.Unlock())
	equal(zk.ErrNotLocked, second.Unlock(), "unlocking twice")
}

func (t *clientCases) lockOfClosed() {
	root := t.root()
	owner := connect(t.server)
	must(zk.NewLock(owner.Conn, root, zk.WorldACL(zk.PermAll)).Lock())
	taken := make(chan error, 1)
	next := zk.NewLock(t.conn.Conn, root, zk.WorldACL(zk.PermAll))
	go func() { taken <- next.Lock() }()
	eventually("the next to queue", func() bool { return len(t.conn.sortedChildren(root)) == 2 })
	owner.Close()
	must(<-taken)
	must(next.Unlock())
}

func (t *clientCases) ephemeral() {
	root := t.root()
	owner := connect(t.server)
	owner.make(root+"/e", zk.FlagEphemeral)
	_, _, gone, err := t.conn.ExistsW(root + "/e")
	must(err)
	owner.Close()
	expectEvent(gone, zk.EventNodeDeleted, root+"/e")
}

func (t *clientCases) reconnect() {
	root := t.root()
	relay := newProxy(t.server)
	defer relay.close()
	cut := connect(relay.address())
	defer cut.Close()
	session := cut.SessionID()
	cut.make(root+"/e", zk.FlagEphemeral)
	_, _, changed, err := cut.GetW(root)
	must(err)
	_, _, kept, err := cut.ExistsW(root + "/later")
	must(err)
	relay.cut()
	cut.await(zk.StateDisconnected)
	value(t.conn.Set(root, []byte("x"), -1))
	relay.mend()
	cut.await(zk.StateHasSession)
	equal(session, cut.SessionID(), "session")
	expectEvent(changed, zk.EventNodeDataChanged, root)
	check(cut.has(root+"/e"), "the ephemeral is there")
	t.conn.make(root+"/later", 0)
	expectEvent(kept, zk.EventNodeCreated, root+"/later")
}

func (t *clientCases) reauthenticate() {
	path := value(t.conn.Create(t.root()+"/guarded", []byte("secret"), 0, zk.DigestACL(zk.PermAll, "alice", "pw")))
	relay := newProxy(t.server)
	defer relay.close()
	cut := connect(relay.address())
	defer cut.Close()
	must(cut.AddAuth("digest", []byte("alice:pw")))
	relay.cut()
	cut.await(zk.StateDisconnected)
	relay.mend()
	cut.await(zk.StateHasSession)
	_, _, err := cut.Get(path)
	must(err)
}

func (t *clientCases) expiry() {
	root := t.root()
	relay := newProxy(t.server)
	defer relay.close()
	cut := connectFor(relay.address(), time.Second)
	defer cut.Close()
	cut.make(root+"/e", zk.FlagEphemeral)
	_, _, gone, err := t.conn.ExistsW(root + "/e")
	must(err)
	relay.cut()
	expectEvent(gone, zk.EventNodeDeleted, root+"/e")
	relay.mend()
	cut.await(zk.StateExpired)
	cut.await(zk.StateHasSession)
	check(!cut.has(root+"/e"), "the new session has no ephemeral")
}

func (t *clientCases) fourLetterWords() {
	servers := strings.Split(t.server, ",")
	for _, isOk := range zk.FLWRuok(servers, time.Second) {
		check(isOk, "ruok")
	}
	// Its parser of srvr wants the date as servers before 3.5 wrote it; that of cons takes all lines but that of its own connection.
	clients, _ := zk.FLWCons(servers, time.Second)
	found := false
	for _, ofServer := range clients {
		for _, one := range ofServer.Clients {
			found = found || one.SessionID == t.conn.SessionID()
		}
	}
	check(found, "cons lists this session")
}

func (t *clientCases) reconfig() {
	_, err := t.conn.Reconfig([]string{"server.1=127.0.0.1:2888:3888;2181"}, -1)
	equal(zk.ErrReconfigDisabled, err, "error")
}

func (t *clientCases) restart() {
	root := t.root()
	relay := newProxy(t.server)
	defer relay.close()
	cut := connectFor(relay.address(), 10*time.Second)
	defer cut.Close()
	cut.make(root+"/e", zk.FlagEphemeral)
	value(cut.Set(root, []byte("before"), -1))
	_, before, err := cut.Get(root)
	must(err)
	_, _, changed, err := cut.GetW(root)
	must(err)
	t.cases.ask("kill")
	relay.cut() // kept out until the server is ready, see the Java cases
	cut.await(zk.StateDisconnected)
	t.cases.ask("start")
	relay.mend()
	cut.await(zk.StateHasSession)
	data, after, err := cut.Get(root)
	must(err)
	equal("before", string(data), "data")
	equal(*before, *after, "Stat")
	check(cut.has(root+"/e"), "the ephemeral is there")
	value(cut.Set(root, []byte("after"), -1))
	expectEvent(changed, zk.EventNodeDataChanged, root)
}
