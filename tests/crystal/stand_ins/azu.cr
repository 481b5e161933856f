# As much of Azu as the test app needs, with Azu's own names: the framework itself needs a newer
# Crystal than the tests have.
require "http"
require "json"
require "log"

module Azu
  CONFIG = Configuration.new
  Log    = ::Log.for("azu")

  class Configuration
    getter router : Router = Router.new
  end

  # What an endpoint answers.
  module Response
    abstract def render

    class Empty
      include Response

      def render; end
    end
  end

  # What an endpoint is asked.
  module Request
  end

  struct EmptyRequest
  end

  # As in Azu, an endpoint is a struct that the router holds once and copies for each request.
  module Endpoint(Request, Response)
    include HTTP::Handler

    @context : HTTP::Server::Context? = nil

    abstract def call : Response

    def call(context : HTTP::Server::Context)
      @context = context
      context.response << call.render
    end

    macro included
      {% for method in %w(get post) %}
        def self.{{method.id}}(path : String)
          Azu::CONFIG.router.add({{method.upcase}}, path, new)
        end
      {% end %}
    end

    private def context : HTTP::Server::Context
      @context || raise "The endpoint was not called"
    end

    private def params : URI::Params
      context.request.query_params
    end

    private def redirect(to location : String, status : Int32 = 301)
      context.response.status = HTTP::Status.new(status)
      context.response.headers["Location"] = location
      Response::Empty.new
    end
  end

  class Router
    private record Route, endpoint : HTTP::Handler

    @routes = {} of String => Route

    def add(method : String, path : String, endpoint : HTTP::Handler) : Nil
      @routes["#{method} #{path}"] = Route.new(endpoint)
    end

    def process(context : HTTP::Server::Context) : Nil
      request = context.request
      if route = @routes["#{request.method} #{request.path}"]?
        route.endpoint.call(context)
      else
        context.response.respond_with_status(:not_found)
      end
    end
  end

  module Handler
    class RequestId
      include HTTP::Handler

      def call(context : HTTP::Server::Context)
        context.response.headers["X-Request-ID"] = Random::Secure.hex(8)
        call_next(context)
      end
    end

    # Answers what went wrong with status 500, and tells the log of it in full.
    class Rescuer
      include HTTP::Handler

      def call(context : HTTP::Server::Context)
        call_next(context)
      rescue error
        Log.error(exception: error) { "Error processing request" }
        return if context.response.closed? || context.response.wrote_headers?
        context.response.respond_with_status(:internal_server_error)
      end
    end

    class Logger
      include HTTP::Handler

      def call(context : HTTP::Server::Context)
        call_next(context)
      ensure
        Log.info { "#{context.request.method} #{context.request.path} #{context.response.status_code}" }
      end
    end
  end

  macro included
    def self.configure(&)
      with Azu::CONFIG yield Azu::CONFIG
    end

    # Listens on the port in PORT, and says on which once it does: 0 takes any.
    def self.start(handlers : Array(HTTP::Handler))
      server = HTTP::Server.new(handlers) { |context| Azu::CONFIG.router.process(context) }
      address = server.bind_tcp("127.0.0.1", ENV["PORT"].to_i)
      puts "Listening on port #{address.port}"
      STDOUT.flush
      server.listen
    end
  end
end
