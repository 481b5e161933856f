require "openssl"
require "openssl/hmac"
require "openssl/cipher"
require "compress/gzip"

module Message
  class Verifier
    class InvalidSignatureError < Exception
    end
  end

  class Encryptor
    getter verifier : Verifier = Verifier.new

    def encrypt_and_sign(value : Slice(UInt8)) : String
      Declared.a(String)
    end

    def encrypt_and_sign(value : String) : String
      Declared.a(String)
    end

    def verify_and_decrypt(value : String) : Bytes
      Declared.a(Bytes)
    end
  end
end

module Session
  module Compression
    extend self

    def compress_if_enabled(data : String) : String
      Declared.a(String)
    end

    def decompress_if_needed(data : String) : String
      Declared.a(String)
    end

    def compressed?(data : String) : Bool
      Declared.a(Bool)
    end

    def compress(data : String) : String
      Declared.a(String)
    end

    def decompress(data : String) : String
      Declared.a(String)
    end
  end
end
