// A plain Java program for the tests, run from its source: java Peer.java COMMAND..., or with "channel" before the
// command, by the other of Java's two ways to UDP.  It knows nothing of sockgraft, and what it is told it holds for
// true: peer.py and peer.js are the same programs.
//
// ask ADDRESS PORT                     a question; heeds only what comes from exactly there, and ends with that
// call ADDRESS PORT                    the same, connected
// dial ADDRESS PORT                    the same, by TCP
// send TEXT ADDRESS PORT [INTERFACE]   three datagrams TEXT1 to TEXT3, with a TTL, class and interface of its own
// receive GROUP PORT INTERFACE [SOURCE]   joins; leaves the group when it hears "leave", and ends with "end"

import java.net.*;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.MembershipKey;

public class Peer {
    static final int TTL = 1, CLASS = 0x4a;

    // What both of Java's ways to UDP can do.
    interface Way extends AutoCloseable {
        void own(NetworkInterface by) throws Exception;

        void connect(InetSocketAddress peer) throws Exception;

        void send(String text, InetSocketAddress to) throws Exception;

        Datagram receive() throws Exception;

        void join(InetAddress group, NetworkInterface by, InetAddress source) throws Exception;

        void leave() throws Exception;
    }

    static class Datagram {
        final String text;
        final InetSocketAddress from;

        Datagram(byte[] bytes, int length, SocketAddress from) {
            text = new String(bytes, 0, length).trim();
            this.from = (InetSocketAddress)from;
        }
    }

    static class BySocket implements Way {
        final MulticastSocket socket;
        InetSocketAddress group;
        NetworkInterface joinedBy;

        BySocket(int port) throws Exception {
            socket = new MulticastSocket(port);
        }

        public void own(NetworkInterface by) throws Exception {
            socket.setTimeToLive(TTL);
            socket.setTrafficClass(CLASS);
            if (by != null)
                socket.setNetworkInterface(by);
        }

        public void connect(InetSocketAddress peer) throws Exception {
            socket.connect(peer);
        }

        public void send(String text, InetSocketAddress to) throws Exception {
            byte[] bytes = text.getBytes();
            if (to == null)
                socket.send(new DatagramPacket(bytes, bytes.length));
            else
                socket.send(new DatagramPacket(bytes, bytes.length, to));
        }

        public Datagram receive() throws Exception {
            DatagramPacket packet = new DatagramPacket(new byte[1500], 1500);
            socket.receive(packet);
            return new Datagram(packet.getData(), packet.getLength(), packet.getSocketAddress());
        }

        public void join(InetAddress address, NetworkInterface by, InetAddress source) throws Exception {
            group = new InetSocketAddress(address, 0);
            joinedBy = by;
            socket.joinGroup(group, by);
        }

        public void leave() throws Exception {
            socket.leaveGroup(group, joinedBy);
        }

        public void close() {
            socket.close();
        }
    }

    static class ByChannel implements Way {
        final DatagramChannel channel;
        MembershipKey key;

        ByChannel(int port, InetAddress like) throws Exception {
            channel = DatagramChannel.open(
                like instanceof Inet4Address ? StandardProtocolFamily.INET : StandardProtocolFamily.INET6);
            channel.bind(new InetSocketAddress(port));
        }

        public void own(NetworkInterface by) throws Exception {
            channel.setOption(StandardSocketOptions.IP_MULTICAST_TTL, TTL);
            channel.setOption(StandardSocketOptions.IP_TOS, CLASS);
            if (by != null)
                channel.setOption(StandardSocketOptions.IP_MULTICAST_IF, by);
        }

        public void connect(InetSocketAddress peer) throws Exception {
            channel.connect(peer);
        }

        public void send(String text, InetSocketAddress to) throws Exception {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes());
            if (to == null)
                channel.write(bytes);
            else
                channel.send(bytes, to);
        }

        public Datagram receive() throws Exception {
            ByteBuffer bytes = ByteBuffer.allocate(1500);
            SocketAddress from = channel.receive(bytes);
            return new Datagram(bytes.array(), bytes.position(), from);
        }

        public void join(InetAddress group, NetworkInterface by, InetAddress source) throws Exception {
            key = source == null ? channel.join(group, by) : channel.join(group, by, source);
        }

        public void leave() throws Exception {
            key.drop();
        }

        public void close() throws Exception {
            channel.close();
        }
    }

    static NetworkInterface named(String[] words, int at) throws Exception {
        return at < words.length && !words[at].equals("-") ? NetworkInterface.getByName(words[at]) : null;
    }

    static void ask(Way way, InetSocketAddress peer, boolean connected) throws Exception {
        if (connected)
            way.connect(peer);
        way.send("question", connected ? null : peer);
        for (;;) {
            Datagram got = way.receive();
            System.out.println((got.from.equals(peer) ? "right " : "stranger ") + got.text);
            if (got.from.equals(peer))
                return;
        }
    }

    static void dial(InetSocketAddress peer) throws Exception {
        try (Socket socket = new Socket(peer.getAddress(), peer.getPort())) {
            socket.getOutputStream().write("question\n".getBytes());
            String text = new String(socket.getInputStream().readAllBytes()).trim();
            System.out.println((socket.getRemoteSocketAddress().equals(peer) ? "right " : "stranger ") + text);
        }
    }

    static void receive(Way way) throws Exception {
        for (;;) {
            Datagram got = way.receive();
            System.out.println(got.from.getPort() + " " + got.text);
            if (got.text.equals("leave")) {
                way.leave();
                System.out.println("left");
            } else if (got.text.equals("end")) {
                return;
            }
        }
    }

    static void run(boolean channel, String[] words) throws Exception {
        boolean receives = words[0].equals("receive"), sends = words[0].equals("send");
        InetAddress address = InetAddress.getByName(words[sends ? 2 : 1]);
        InetSocketAddress peer = new InetSocketAddress(address, Integer.parseInt(words[sends ? 3 : 2]));
        if (words[0].equals("dial")) {
            dial(peer);
            return;
        }
        int port = receives ? peer.getPort() : 0;
        try (Way way = channel ? new ByChannel(port, address) : new BySocket(port)) {
            if (receives) {
                way.join(address, named(words, 3), words.length > 4 ? InetAddress.getByName(words[4]) : null);
                System.out.println("joined");
                receive(way);
            } else if (sends) {
                way.own(named(words, 4));
                way.send(words[1] + 1, peer);
                way.send(words[1] + 2, peer);
                way.connect(peer);
                way.send(words[1] + 3, null);
            } else {
                ask(way, peer, words[0].equals("call"));
            }
        }
    }

    public static void main(String[] words) throws Exception {
        boolean channel = words[0].equals("channel");
        run(channel, channel ? java.util.Arrays.copyOfRange(words, 1, words.length) : words);
    }
}
