<?php
// A legacy backend: takes a request with the right API key, as a cookie, a field of the body or a signature.
$key = getenv('API_KEY');

function answer(bool $accepted, $others): void {
    http_response_code($accepted ? 200 : 403);
    header('Content-Type: application/json');
    echo json_encode(['accepted' => $accepted, 'others' => $others]);
}

function without(array $fields): array {
    unset($fields['api_key']);
    return $fields;
}

switch (basename(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) ?? '')) {
    case 'cookie':
        answer(($_COOKIE['api_key'] ?? null) === $key, without($_COOKIE));
        break;
    case 'form':
        answer(($_POST['api_key'] ?? null) === $key, without($_POST));
        break;
    case 'json':
        $body = json_decode(file_get_contents('php://input'), true, 512, JSON_BIGINT_AS_STRING);
        $found = $body['auth']['apiKey'] ?? null;
        unset($body['auth']['apiKey']);
        answer($found === $key, $body);
        break;
    case 'hmac':
        $signed = implode("\n", [
            $_SERVER['REQUEST_METHOD'],
            $_SERVER['REQUEST_URI'],
            $_SERVER['HTTP_X_DATE'],
            $_SERVER['HTTP_X_NONCE'],
            base64_encode(hash('sha256', file_get_contents('php://input'), true)),
        ]);
        $expected = 'HMAC ' . $_SERVER['HTTP_X_KEY_ID'] . ':' . base64_encode(hash_hmac('sha512', $signed, $key, true));
        answer(hash_equals($expected, $_SERVER['HTTP_AUTHORIZATION'] ?? ''), null);
        break;
    case 'echo':
        header('X-Echo: ' . json_encode($_COOKIE + $_POST));
        echo file_get_contents('php://input'), json_encode($_COOKIE), $key;
        break;
    default:
        http_response_code(404);
}
