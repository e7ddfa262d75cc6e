vcl 4.1;
backend git {
  .host = "127.0.0.1";
  .port = "@upstream@";
  .first_byte_timeout = 120s;
}
