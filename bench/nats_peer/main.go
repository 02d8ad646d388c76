// A worker and a client of NATS that echo, by NATS' own Go client.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"sort"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
)

const service = "echo"

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func number(word string) int {
	value, err := strconv.Atoi(word)
	check(err)
	return value
}

func connect(url string) *nats.Conn {
	connection, err := nats.Connect(url)
	check(err)
	return connection
}

func work(url string) {
	connection := connect(url)
	subscription, err := connection.QueueSubscribe(service, "workers", func(m *nats.Msg) {
		check(connection.Publish(m.Reply, m.Data))
	})
	check(err)
	check(subscription.SetPendingLimits(-1, -1))
	check(connection.Flush())
	fmt.Println("listening jobs")
	os.Stdin.Read(make([]byte, 1)) // until it ends
}

// So many requests at a time, all with one inbox.
func load(url string, size, count, outstanding int) {
	connection := connect(url)
	inbox := nats.NewInbox()
	replies, err := connection.SubscribeSync(inbox)
	check(err)
	check(replies.SetPendingLimits(-1, -1))
	body := make([]byte, size)
	started := time.Now()
	sent := 0
	for done := 0; done < count; done++ {
		for sent < count && sent-done < outstanding {
			check(connection.PublishRequest(service, inbox, body))
			sent++
		}
		m, err := replies.NextMsg(30 * time.Second)
		check(err)
		if len(m.Data) != size {
			check(fmt.Errorf("%d octets came", len(m.Data)))
		}
	}
	fmt.Printf("%.9f seconds\n", time.Since(started).Seconds())
}

func ask(url string, size, count int) {
	connection := connect(url)
	body := make([]byte, size)
	untimed := count/10 + 1
	if untimed > 1000 {
		untimed = 1000
	}
	taken := make([]float64, 0, count)
	begin := time.Now()
	for i := 0; i < untimed+count; i++ {
		if i == untimed {
			begin = time.Now()
		}
		before := time.Now()
		binary.LittleEndian.PutUint64(body, uint64(i))
		m, err := connection.Request(service, body, 30*time.Second)
		check(err)
		if len(m.Data) != size || binary.LittleEndian.Uint64(m.Data) != uint64(i) {
			check(fmt.Errorf("a reply is not what was asked"))
		}
		if i >= untimed {
			taken = append(taken, float64(time.Since(before).Nanoseconds())/1e3)
		}
	}
	seconds := time.Since(begin).Seconds()
	sort.Float64s(taken)
	fmt.Printf("%.3f p50\n%.3f p99\n%.3f a_second\n", taken[(count-1)*50/100],
		taken[(count-1)*99/100], float64(count)/seconds)
}

func main() {
	words := os.Args[1:]
	switch {
	case len(words) == 2 && words[0] == "worker":
		work(words[1])
	case len(words) == 5 && words[0] == "client":
		load(words[1], number(words[2]), number(words[3]), number(words[4]))
	case len(words) == 4 && words[0] == "ask":
		ask(words[1], number(words[2]), number(words[3]))
	default:
		check(fmt.Errorf("worker URL | client URL SIZE COUNT OUTSTANDING | ask URL SIZE COUNT"))
	}
}
