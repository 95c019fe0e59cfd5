// SPDX-License-Identifier: Apache-2.0
#include "suite/raw_request.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

#include "suite/await.h"
#include "suite/setting.h"

namespace suite {
namespace {

constexpr std::int32_t kMakeTopic = 17;
constexpr std::int32_t kRouteOfTopic = 105;

class Socket {
public:
    Socket(const std::string& address, int timeout_s) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
        const std::size_t colon = address.rfind(':');
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
        ::inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
        const timeval limit{timeout_s, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what the socket API asks for
        if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
            ::close(fd_);
            throw std::runtime_error("no connection to " + address);
        }
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() { ::close(fd_); }

    void write(const std::string& bytes) const {
        std::size_t done = 0;
        while (done < bytes.size()) {
            const ssize_t count =
                ::send(fd_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
            if (count <= 0) throw std::runtime_error("the connection broke");
            done += static_cast<std::size_t>(count);
        }
    }
    std::string read(std::size_t size) const {
        std::string bytes(size, '\0');
        std::size_t done = 0;
        while (done < size) {
            const ssize_t count = ::recv(fd_, bytes.data() + done, size - done, 0);
            if (count <= 0) throw std::runtime_error("the connection broke");
            done += static_cast<std::size_t>(count);
        }
        return bytes;
    }

private:
    int fd_;
};

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out.push_back('\\');
        out.push_back(c);
    }
    return out + "\"";
}

std::string big_endian(std::size_t value) {
    std::string out;
    for (int shift = 24; shift >= 0; shift -= 8) {
        out.push_back(static_cast<char>((value >> static_cast<unsigned>(shift)) & 0xffU));
    }
    return out;
}

std::size_t from_big_endian(const std::string& bytes) {
    std::size_t value = 0;
    for (const char c : bytes) value = value << 8U | static_cast<unsigned char>(c);
    return value;
}

std::string frame(std::int32_t code, const Fields& fields, const std::string& body) {
    std::string header = "{\"code\":" + std::to_string(code) +
                         ",\"language\":\"JAVA\",\"version\":495,\"opaque\":1,\"flag\":0,"
                         "\"serializeTypeCurrentRPC\":\"JSON\",\"extFields\":{";
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (i > 0) header += ',';
        header += quoted(fields[i].first) + ":" + quoted(fields[i].second);
    }
    header += "}}";
    return big_endian(4 + header.size() + body.size()) + big_endian(header.size()) + header + body;
}

}  // namespace

RawAnswer raw_request(const std::string& address, std::int32_t code, const Fields& fields,
                      const std::string& body) {
    RawAnswer answer;
    try {
        const Socket socket(address, 15);
        socket.write(frame(code, fields, body));
        const std::string payload = socket.read(from_big_endian(socket.read(4)));
        const std::size_t header = from_big_endian(payload.substr(0, 4)) & 0xffffffU;
        answer.header = payload.substr(4, header);
        answer.body = payload.substr(4 + header);
        const std::size_t at = answer.header.find("\"code\":");
        answer.code = std::atoi(answer.header.c_str() + at + 7);
    } catch (const std::exception&) {
        answer.code = -1;
    }
    return answer;
}

std::string raw_bytes(const std::string& address, const std::string& bytes, std::size_t count) {
    try {
        const Socket socket(address, 3);
        socket.write(bytes);
        return socket.read(count);
    } catch (const std::exception&) {
        return {};
    }
}

std::string raw_line(const std::string& address, const std::string& line, int timeout_s) {
    try {
        const Socket socket(address, timeout_s);
        socket.write(line + "\n");
        std::string answer;
        while (answer.empty() || answer.back() != '\n') answer += socket.read(1);
        answer.pop_back();
        return answer;
    } catch (const std::exception& problem) {
        return problem.what();
    }
}

void make_topic(const std::string& topic, int queues) {
    const std::string count = std::to_string(queues);
    RawAnswer made;
    const bool in_time = eventually([&] {
        made = raw_request(setting().broker, kMakeTopic,
                           {{"topic", topic},
                            {"defaultTopic", "TBW102"},
                            {"readQueueNums", count},
                            {"writeQueueNums", count},
                            {"perm", "6"},
                            {"topicFilterType", "SINGLE_TAG"},
                            {"topicSysFlag", "0"},
                            {"order", "false"}});
        const std::string first =
            setting().name_servers.substr(0, setting().name_servers.find(';'));
        return made.code == 0 && raw_request(first, kRouteOfTopic, {{"topic", topic}}).code == 0;
    });
    if (!in_time) throw std::runtime_error("topic " + topic + " cannot be made: " + made.header);
}

}  // namespace suite
